import Clocks
import DumpFormat
import DumpReports
import HTTPClient
import JSON
import Logs
import Threads

extension SidecarWork {
  /// ECS gives a health check 5 seconds by default, and the program's start is part of them.
  private static let healthLimit = Duration.seconds(4)
  /// The part of it that is left when the look at the volume ends. Only the operation that is under way then takes
  /// longer, unless the volume hangs.
  private static let reserve = Duration.seconds(1)

  /// Checks whether the dumps are healthy, for the ECS health check. It ends in time even if the volume hangs, or has
  /// so many files that not all can be looked at.
  ///
  /// - Parameter onlyWatching: checks only that the sidecar runs. A check that restarts the task must not depend on the
  ///   volume: while that hangs, only the gateway's memory has the newest state.
  func health(onlyWatching: Bool, json: Bool) -> SidecarExit {
    let deadline = Deadline(in: Self.healthLimit)
    if onlyWatching { return watching(deadline, json: json) }
    let volume = volume
    let found = Worker().run(until: deadline.keeping(.milliseconds(300))) {
      try Health.Found(volume, until: deadline.keeping(Self.reserve))
    }
    var health = Health(found, maximumAge: configuration.maximumAge, now: WallClock.system.now().seconds) {
      isOnStandby(deadline)
    }
    if let port = configuration.metricsPort, port > 0, let fault = watchFault(port, deadline) { health.add(fault) }
    print(json ? JSONWriter.text(health.json) : health.text)
    return health.isWell ? .success : .failure
  }

  /// Whether another task writes the dumps. A gateway that does not tell counts as the writer.
  private func isOnStandby(_ deadline: Deadline) -> Bool {
    var request = HTTPRequest("GET", configuration.url + GatewayClient.readinessPath)
    request.verifiesCertificate = configuration.verifiesGateway
    do {
      let answer = try HTTPClient(httpSettings).send(request, deadline: deadline.keeping(.milliseconds(300)))
      let body = try JSONParser().parseObject(answer.body)
      guard case .standby(_, hasLease: false, _)? = GatewayClient.Readiness(standby: body, isCurrent: true) else {
        return false
      }
      return true
    } catch {
      return false
    }
  }

  private func watching(_ deadline: Deadline, json: Bool) -> SidecarExit {
    guard let port = configuration.metricsPort, port > 0 else {
      StandardError.write("--watching asks the sidecar on its metrics port; set SIDECAR_METRICS_PORT for both")
      return .configuration
    }
    let fault = watchFault(port, deadline)
    let text = fault.map { "NOT WATCHING: \($0)" } ?? "watching"
    print(
      json
        ? JSONWriter.text(["watching": .bool(fault == nil), "fault": fault.map { .string($0) } ?? .null]) : text)
    return fault == nil ? .success : .failure
  }

  /// - Returns: why the sidecar does not seem to watch; `nil` when it does.
  private func watchFault(_ port: Int, _ deadline: Deadline) -> String? {
    let request = HTTPRequest("GET", "http://127.0.0.1:\(port)/healthz")
    do {
      let answer = try HTTPClient(httpSettings).send(request, deadline: deadline)
      return answer.isSuccess ? nil : "the sidecar answers \(answer.status) on its metrics port \(port)"
    } catch {
      return "the sidecar does not answer on its metrics port \(port): \(error)"
    }
  }
}

/// The result of `health`.
struct Health: Sendable {
  private(set) var faults: [String] = []
  private var newestVerified: (name: String, age: Int)?

  /// The state of the volume.
  struct Found: Sendable {
    let dumps: [KnownDump]
    var journals: [KnownJournal] = []
    /// The journal that is missing.
    var gap: String?
  }

  /// - Parameter isOnStandby: asked when the newest dump is too old. On standby that is the business of the writer's
  ///   sidecar: a standby that is restarted writes no dump either.
  init(
    _ outcome: Worker.Outcome<Found>, maximumAge: Int?, now: Int, isOnStandby: () -> Bool = { false }
  ) {
    switch outcome {
    case .late: faults = ["the volume does not answer"]
    case .failed(let error): faults = ["the volume can't be read: \(error)"]
    case .done(let found):
      let dumps = found.dumps
      if let reason = dumps.first?.verification?.fault {
        faults.append("the newest dump '\(dumps[0].name)' does not verify: \(reason)")
      }
      addJournals(found)
      newestVerified = dumps.first(where: \.isGood).map { ($0.name, max(0, now - $0.createdSeconds)) }
      guard let maximumAge else { return }
      if let newestVerified {
        if newestVerified.age > maximumAge, !isOnStandby() {
          faults.append("the newest verified dump is \(newestVerified.age) s old, more than \(maximumAge) s")
        }
      } else if !dumps.isEmpty, !isOnStandby() {
        faults.append("no dump is verified")
      }
    }
  }

  /// Journals that the newest verified dump does not cover matter: a restore needs them.
  private mutating func addJournals(_ found: Found) {
    if let gap = found.gap { add(gap) }
    let covered = found.dumps.first(where: \.isGood)?.verification?.good?.order.map { JournalNumber($0) }
    for journal in found.journals {
      if let covered, journal.number < covered { continue }
      if let fault = journal.verification?.fault { add("the journal '\(journal.name)' does not verify: \(fault)") }
    }
  }

  var isWell: Bool { faults.isEmpty }

  mutating func add(_ fault: String) { faults.append(fault) }

  var text: String {
    let dump = newestVerified.map { "newest verified dump \($0.name), \($0.age) s old" } ?? "no verified dump yet"
    return isWell ? "healthy: \(dump)" : "UNHEALTHY: \(faults.joined(separator: "; ")); \(dump)"
  }

  var json: JSONValue {
    [
      "healthy": .bool(isWell), "faults": .strings(faults),
      "newest_verified": newestVerified.map { ["name": .string($0.name), "age_seconds": .integer($0.age)] } ?? .null,
    ]
  }
}

extension Health.Found {
  /// The time that is left for the journals when the verification of the newest dump is given up.
  private static let timeOfJournals = Duration.milliseconds(400)
  /// The time that is left for the newest dump, too, when the look at the dumps ends.
  private static let timeOfNewest = Duration.seconds(1)

  /// Looks at the newest files first, and at no others than fit the time. An operation of a network volume takes
  /// milliseconds, so a large store takes more time than there is, and that is no fault of it.
  ///
  /// A dump that could not be verified in time stays unverified. Whether a journal is missing is found out only when
  /// all that a restore needs were looked at.
  init(_ volume: DumpVolume, until end: Deadline) throws {
    let (first, second) = (end.keeping(Self.timeOfNewest), end.keeping(Self.timeOfJournals))
    var dumps = try volume.dumps(isCancelled: { first.isOver })
    if let newest = dumps.first, newest.verification == nil {
      dumps[0] = volume.verify(newest, isCancelled: { second.isOver })
    }
    let (journals, areAll) = try volume.neededJournals(beside: dumps, isCancelled: { end.isOver })
    self.init(dumps: dumps, journals: journals, gap: try areAll ? volume.gap(in: journals, behind: dumps) : nil)
  }
}
