import Clocks
import DocumentStore
import DumpFormat
import HTTPAPI
import JSON
import Logging
import Peers
import Persistence
import Platform
import Threads

/// The link of this task to the others of its volume: it hands changes to the task that writes, and answers those that
/// another task handed here.
final class TaskLink: WriterPort {
  /// The parts of the task that the link works with.
  struct Parts: Sendable {
    let store: DocumentStore
    let lease: WriterLease
    let journal: Journal
    let follower: Follower
    let exchange: any PeerExchange
    let logger: Logger
  }

  /// Bytes of the largest answer.
  static let largestAnswer = 64 << 20
  /// The time that a hello may take.
  private static let helloLimit = Duration.seconds(2)
  /// Changes that wait for another task at once.
  private static let mostWaiting = 256
  /// The pause between two looks at the state or at the lease.
  private static let look = Duration.milliseconds(2)
  private static let leaseLook = Duration.milliseconds(250)
  /// The time in which a task that gave up the lease answers what it made before.
  private static let farewell = Duration.seconds(2)
  /// The time for which a client waits for its own change to be readable here.
  private let readLimit: Duration

  let patience: Duration
  /// Ends the pause of the follower.
  let nudge = Nudge()
  private let greetings = Greetings()
  let standbys = Standbys()
  let counters = PeerCounters()
  let parts: Parts
  let endpoint: PeerEndpoint
  private let link: PeerLink
  private let contact: HolderContact
  let newest: SharedQuestion<PlaceAnswer>
  private let waiting = Lock(0)
  /// The reads that wait as long as a change does.
  let longReads = Lock(LongReads())
  let reports = PeerReports()

  /// - Parameters:
  ///   - name: the random name of this process.
  ///   - patience: the time that a change waits for a task that takes it.
  init(_ name: PeerName, keys: CurrentKeyring, patience: Duration, _ parts: Parts) {
    let endpoint = PeerEndpoint(name, keys: PeerKeys(keys))
    let link = PeerLink(endpoint, path: PlatformResponder.messagePath)
    (self.patience, self.parts, self.endpoint, self.link) = (patience, parts, endpoint, link)
    let question = PlaceQuestion(link, parts.lease)
    newest = SharedQuestion { await question.ask() }
    readLimit = patience > .zero ? patience : .seconds(5)
    contact = HolderContact { holder throws(PeerFailure) in try await Self.hello(holder, link, parts) }
  }

  var metricsText: String { counters.text(standbys: parts.lease.epoch == nil ? 0 : standbys.count) }

  // MARK: Changes of clients here

  func beginWaiting() -> Bool {
    let hasPlace = waiting.withLock { waiting in
      guard waiting < Self.mostWaiting else { return false }
      waiting += 1
      return true
    }
    if !hasPlace { counters.count(.busy) }
    return hasPlace
  }

  func endWaiting() { waiting.withLock { $0 -= 1 } }

  func forward(_ request: ForwardedRequest) async -> ForwardOutcome {
    let holder: Holder
    switch ChangeTarget(parts.lease.role) {
    case .none(let reason, let isPassing): return .notMade(reason: reason, isPassing: isPassing)
    case .holder(let found): holder = found
    }
    let answer: PeerMessage
    do throws(PeerFailure) {
      try await contact.reach(holder)
    } catch {
      return unreachable(holder, error)
    }
    do throws(PeerFailure) {
      answer = try await send(PeerMessage(request), to: holder)
    } catch {
      await contact.forget()
      guard !error.isUnsent else { return unreachable(holder, error) }
      counters.count(.broken)
      return .unknown(
        APIError(503, "GTW504", "The change may have been made: \(error). Read it back before you make it again"))
    }
    return await outcome(answer)
  }

  private func outcome(_ message: PeerMessage) async -> ForwardOutcome {
    guard let answer = message.answer else {
      counters.count(.refused)
      await contact.forget()
      return .notMade(
        reason: message.fields["reason"]?.string ?? "the other task did not take the change", isPassing: true)
    }
    counters.count(.answered)
    if await isRead(message) { return .answered(answer) }
    counters.count(.unread)
    // A request that was refused changed nothing.
    guard answer.status < 400 else { return .answered(answer) }
    return .unknown(
      APIError(
        503, "GTW504",
        "The change was made, and can't be read here yet, as this task is behind. Do not make it again; read it back later"
      ))
  }

  /// Waits until this task has the changes that an answer tells of.
  private func isRead(_ message: PeerMessage) async -> Bool {
    guard let place = message.place else {
      return message.fields["unread"]?.bool != true
    }
    return await wait(within: readLimit) {
      hasReached(place)
    }
  }

  /// Whether this task has the changes up to a place.
  func hasReached(_ place: ReadPlace) -> Bool {
    // A task that writes has the newest state.
    parts.follower.hasReached(place.number, bytes: place.bytes) || parts.lease.epoch != nil
  }

  func wait(within limit: Duration, until isDone: () -> Bool) async -> Bool {
    let deadline = Deadline(in: limit)
    while !isDone() {
      guard !deadline.isOver else { return false }
      nudge.ring()
      // A cancelled wait ends with its request.
      guard (try? await Task.sleep(for: Self.look)) != nil else { return false }
    }
    return true
  }

  private func unreachable(_ holder: Holder, _ failure: PeerFailure) -> ForwardOutcome {
    counters.count(.unreachable)
    report(holder, failure)
    return .notMade(
      reason: "the task that holds the lease can't be reached (\(failure)); an operator finds more in the log",
      isPassing: true)
  }

  /// Sends a call, and gives up when its receiver no longer holds the lease.
  private func send(_ message: PeerMessage, to holder: Holder) async throws(PeerFailure) -> PeerMessage {
    let (link, lease) = (link, parts.lease)
    return try await Self.first(
      of: { () throws(PeerFailure) in
        try await link.send(message, to: holder.name, at: holder.port, largestAnswer: Self.largestAnswer)
      },
      until: {
        while case .holder(let present) = ChangeTarget(lease.role), present.name == holder.name {
          guard (try? await Task.sleep(for: Self.leaseLook)) != nil else { return }
        }
        try? await Task.sleep(for: Self.farewell)
      }, otherwise: PeerFailure(isUnsent: false, description: "the task that took it no longer holds the lease"))
  }

  /// Does a piece of work until it ends or something else does. The other one is cancelled then.
  static func first<Value: Sendable>(
    of work: @escaping @Sendable () async throws(PeerFailure) -> Value, until end: @escaping @Sendable () async -> Void,
    otherwise failure: PeerFailure
  ) async throws(PeerFailure) -> Value {
    let result = await withTaskGroup(of: Result<Value, PeerFailure>.self) { group in
      group.addTask {
        do throws(PeerFailure) { return .success(try await work()) } catch { return .failure(error) }
      }
      group.addTask {
        await end()
        return .failure(failure)
      }
      defer { group.cancelAll() }
      return await group.next() ?? .failure(failure)
    }
    return try result.get()
  }

  // MARK: Hello

  /// Says hello to the task that holds the lease, each second, and faster while limits move.
  func greet() async {
    await greetings.run(parts.exchange) {
      guard case .holder(let holder) = ChangeTarget(parts.lease.role) else { return }
      do throws(PeerFailure) {
        try await contact.greet(holder)
        if reports.end() { parts.logger.notice("the task that holds the lease can be reached again") }
      } catch {
        report(holder, error)
      }
    }
  }

  /// Ends the pause before the next hello.
  func greetNow() { greetings.ring() }

  private static func hello(_ holder: Holder, _ link: PeerLink, _ parts: Parts) async throws(PeerFailure) {
    var fields: JSONObject = [:]
    if let lag = parts.follower.lag { fields["lag_ms"] = .integer(lag.milliseconds) }
    let message = PeerMessage(.hello, fields, body: parts.exchange.report())
    let answer = try await first(
      of: { () throws(PeerFailure) in
        try await link.send(message, to: holder.name, at: holder.port, largestAnswer: largestAnswer)
      }, until: { try? await Task.sleep(for: helloLimit) },
      otherwise: PeerFailure(isUnsent: false, description: "\(holder.port) does not answer"))
    guard answer.kind == .done else {
      throw PeerFailure(
        isUnsent: true, description: answer.fields["reason"]?.string ?? "it does not take changes")
    }
    parts.exchange.take(answer.body)
  }

  private func report(_ holder: Holder, _ failure: PeerFailure) {
    guard reports.isNew("\(holder.port) \(failure)") else { return }
    parts.logger.warning(
      "the task that holds the lease can't be reached, so changes that come here wait and then fail: check that its ADVERTISE_ADDRESS is right and that tasks may connect to each other",
      metadata: ["peer.address": "\(holder.port)", "error": "\(failure)"])
  }
}
