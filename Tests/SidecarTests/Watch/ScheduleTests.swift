import TestSupport
import Testing

@testable import Sidecar

/// Drives a schedule through hours of chance, and notes what breaks its rules.
private struct ScheduleSimulation {
  private var generator: SeededGenerator
  private var schedule: Schedule
  private let statusPeriod: Duration?
  private let isSteady: Bool
  private var now = Duration.zero
  private var began: [String: Duration] = [:]
  private var ended: [String: Duration] = [:]
  /// When the read ends that is under way, and with what.
  private var reading: (ends: Duration, began: Duration, result: Schedule.CatalogueResult)?
  private var lastRead: Schedule.CatalogueResult?
  private var isReady = false
  private var hangs = 0
  private var loginEarliest = Duration.zero
  private var isServed = false
  private(set) var counts: [String: Int] = [:]
  private(set) var violations: [String] = []

  /// - Parameter isSteady: whether all goes well and quickly, so that periods can be held against the time.
  init(seed: UInt64, isSteady: Bool) {
    var generator = SeededGenerator(seed: seed)
    self.isSteady = isSteady
    statusPeriod = Bool.random(using: &generator) ? .seconds(Int.random(in: 1...600, using: &generator)) : nil
    schedule = Schedule(at: .zero, servesMetrics: Bool.random(using: &generator), statusPeriod: statusPeriod)
    self.generator = generator
  }

  mutating func run(for end: Duration) {
    while now < end, violations.isEmpty {
      collect()
      perform(schedule.next(at: now))
    }
    guard violations.isEmpty, isSteady else { return }
    let (read, close) = (counts["read", default: 0], counts["close", default: 0])
    let seconds = Int(end.components.seconds)
    if read < seconds * 3 / 4 || read > seconds + 1 { violations.append("\(read) reads in \(seconds) s") }
    if close < seconds / 33 || close > seconds / 30 + 1 { violations.append("\(close) close reads in \(seconds) s") }
    if counts["check", default: 0] < seconds / 6 { violations.append("\(counts) in \(seconds) s") }
  }

  private mutating func time(_ longest: Duration) -> Duration {
    isSteady
      ? .milliseconds(Int.random(in: 1...5, using: &generator))
      : longest * [0.001, 0.01, 0.1, 1][Int.random(in: 0..<4, using: &generator)]
  }

  private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &generator) == 0 }

  /// Whether the read that is under way prunes, and whether the last one that did failed.
  private var (isPruning, hasPruneFailed) = (false, false)

  private mutating func collect() {
    guard let read = reading else {
      if schedule.reportsHang(busy: .seconds(3600)) { violations.append("nothing is read, and hangs") }
      return
    }
    let busy = min(now, read.ends) - read.began
    if schedule.reportsHang(busy: busy) {
      hangs += 1
      if busy <= .seconds(30) { violations.append("a read of \(busy) hangs") }
      if hangs > 1 { violations.append("a read is reported twice") }
    }
    guard now >= read.ends else { return }
    schedule.catalogueRead(read.result, at: now)
    if isPruning { hasPruneFailed = read.result == .failed }
    (reading, lastRead, hangs) = (nil, read.result, 0)
    ended["read"] = now
  }

  private mutating func begin(_ name: String, every period: Duration, since: Duration?) {
    counts[name, default: 0] += 1
    if let since, now - since < period { violations.append("\(name) comes after \(now - since), not \(period)") }
    began[name] = now
  }

  private mutating func perform(_ work: Schedule.Work) {
    switch work {
    case .trimMemory:
      // A round that changed something frees memory that nobody needs any more.
      if lastRead != .changed { begin("trim", every: .seconds(2), since: began["trim"]) }
      now += time(.milliseconds(50))
    case .serveMetrics:
      begin("metrics", every: .seconds(10), since: began["metrics"])
      if isServed { violations.append("metrics are served twice") }
      if chance(3) { (isServed, _) = (true, schedule.metricsServed()) }
    case .checkGateway:
      begin("check", every: isReady ? .seconds(5) : .milliseconds(500), since: ended["check"])
      let start = now
      now += time(.seconds(3))
      isReady = isSteady || !chance(4)
      schedule.gatewayChecked(isReady: isReady, needsLogin: !isSteady || chance(9), since: start, at: now)
      ended["check"] = now
    case .logIn: logIn()
    case .readCatalogue(let isClose, let prunes): read(isClose: isClose, prunes: prunes)
    case .logStatus:
      guard let statusPeriod else { return violations.append("a status line comes unasked") }
      begin("status", every: statusPeriod, since: began["status"])
    case .wait(let until):
      if until <= now || until > now + .milliseconds(250) { violations.append("it waits for \(until - now)") }
      if reading != nil, until > now + .milliseconds(50) { violations.append("it waits while a read is under way") }
      now = until
    }
  }

  private mutating func logIn() {
    counts["login", default: 0] += 1
    if !isReady { violations.append("it logs in to a gateway that is not ready") }
    if now < loginEarliest { violations.append("it logs in \(loginEarliest - now) too early") }
    now += time(.seconds(10))
    switch isSteady ? 0 : Int.random(in: 0..<3, using: &generator) {
    case 0:
      schedule.loggedIn(at: now)
      loginEarliest = now + .seconds(60)
    case 1:
      let wait = chance(2) ? Int.random(in: 0...90, using: &generator) : nil
      schedule.loginFailed(retryAfter: wait, at: now, using: &generator)
      loginEarliest = now + max(.milliseconds(200), .seconds(wait ?? 0))
    default: break
    }
  }

  private mutating func read(isClose: Bool, prunes: Bool) {
    if reading != nil { violations.append("two reads run at once") }
    begin("read", every: .seconds(1), since: began["read"])
    if lastRead == .failed, let end = ended["read"], now - end < .seconds(10) {
      violations.append("a read comes \(now - end) after one that failed")
    }
    if isClose { begin("close", every: .seconds(30), since: began["close"]) }
    // A round that failed is made again soon.
    if prunes { begin("prune", every: hasPruneFailed ? .seconds(10) : .seconds(3600), since: began["prune"]) }
    isPruning = prunes
    if let close = began["close"], !isClose, now - close >= .seconds(30) { violations.append("a close read is late") }
    if let prune = began["prune"], !prunes, now - prune >= .seconds(3600) { violations.append("pruning is late") }
    let result: Schedule.CatalogueResult =
      isSteady
      ? (chance(60) ? .changed : .unchanged)
      : [.unchanged, .changed, .failed][Int.random(in: 0..<3, using: &generator)]
    reading = (now + time(.seconds(100)), now, result)
  }
}

@Suite("Schedule")
struct ScheduleTests {
  @Test("keeps every period in every world, runs one read at a time, and never spins", arguments: [true, false])
  func simulation(isSteady: Bool) {
    var counts: [String: Int] = [:]
    for seed in 0..<60 as Range<UInt64> {
      var simulation = ScheduleSimulation(seed: seed, isSteady: isSteady)
      simulation.run(for: .seconds(isSteady ? 3700 : 7400))
      #expect(simulation.violations.isEmpty, "seed \(seed): \(simulation.violations)")
      counts.merge(simulation.counts) { $0 + $1 }
      if !simulation.violations.isEmpty { return }
    }
    for work in ["trim", "metrics", "check", "login", "read", "close", "prune", "status"] {
      #expect(counts[work, default: 0] > 50, "\(work): \(counts)")
    }
  }

  @Test("begins with the metrics port, a check of the gateway, and a close read that prunes")
  func start() {
    var schedule = Schedule(at: .seconds(7), servesMetrics: true, statusPeriod: .seconds(60))
    let works = (0..<5).map { _ in schedule.next(at: .seconds(7)) }
    #expect(
      works == [
        .serveMetrics, .checkGateway, .readCatalogue(isClose: true, prunes: true), .logStatus,
        .wait(until: .milliseconds(7050)),
      ])
  }

  @Test("logs in after a check that finds the gateway ready, and only if the token is missing or ends soon")
  func login() {
    for (isReady, needsLogin) in [(true, true), (true, false), (false, true), (false, false)] {
      var schedule = Schedule(at: .zero, servesMetrics: false, statusPeriod: nil)
      #expect(schedule.next(at: .zero) == .checkGateway)
      schedule.gatewayChecked(isReady: isReady, needsLogin: needsLogin, since: .zero, at: .zero)
      let work = schedule.next(at: .zero)
      #expect((work == .logIn) == (isReady && needsLogin))
    }
  }

  @Test("reads a volume that failed after ten seconds again, and trims memory after a round that changed something")
  func results() {
    for result in [Schedule.CatalogueResult.unchanged, .changed, .failed] {
      var schedule = Schedule(at: .zero, servesMetrics: false, statusPeriod: nil)
      _ = (schedule.next(at: .zero), schedule.next(at: .zero))
      schedule.gatewayChecked(isReady: true, needsLogin: false, since: .zero, at: .seconds(100))
      schedule.catalogueRead(result, at: .milliseconds(100))
      let first = schedule.next(at: .milliseconds(100))
      #expect((first == .trimMemory) == (result == .changed))
      let isRead = schedule.next(at: .milliseconds(1100)) == .readCatalogue(isClose: false, prunes: false)
      #expect(isRead == (result != .failed))
      if result == .failed {
        _ = schedule.next(at: .milliseconds(10_100))
        #expect(schedule.next(at: .milliseconds(10_100)) == .readCatalogue(isClose: false, prunes: true))
      }
    }
  }

  @Test("prunes when a file of the trash is due, and again soon when that round failed", arguments: [0, 1, 40, 5000])
  func trash(seconds: Int) {
    var schedule = Schedule(at: .zero, servesMetrics: false, statusPeriod: nil)
    /// The first time at which a round prunes.
    func prunes(from start: Duration) -> Duration? {
      for second in 0..<4000 {
        let now = start + .seconds(second)
        schedule.gatewayChecked(isReady: true, needsLogin: false, since: .zero, at: now + .seconds(100))
        for _ in 0..<3 {
          guard case .readCatalogue(_, let prunes) = schedule.next(at: now) else { continue }
          if prunes { return now }
          schedule.catalogueRead(.unchanged, at: now)
        }
      }
      return nil
    }
    #expect(prunes(from: .zero) == .zero)
    schedule.catalogueRead(.changed, at: .zero, pruneIn: .seconds(seconds))
    let second = prunes(from: .zero)
    #expect(second == .seconds(min(max(1, seconds), 3600)))
    schedule.catalogueRead(.failed, at: second ?? .zero)
    #expect(prunes(from: second ?? .zero) == (second ?? .zero) + Schedule.failedReadPause)
    schedule.catalogueRead(.changed, at: .zero)
  }

  @Test("reports a volume that hangs once for each read")
  func hang() {
    var schedule = Schedule(at: .zero, servesMetrics: false, statusPeriod: nil)
    var reports = schedule.reportsHang(busy: .seconds(31))
    #expect(!reports)
    for start in [Duration.zero, .seconds(100)] {
      while true {
        if case .readCatalogue = schedule.next(at: start) { break }
      }
      for (busy, isReported) in [(30, false), (31, true), (40, false)] {
        reports = schedule.reportsHang(busy: .seconds(busy))
        #expect(reports == isReported)
      }
      schedule.catalogueRead(.unchanged, at: start + .seconds(50))
    }
  }
}
