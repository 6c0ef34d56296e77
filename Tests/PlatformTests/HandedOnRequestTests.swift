import DocumentStore
import HTTPAPI
import HTTPTypes
import Hummingbird
import Logging
import Model
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import Platform

@Suite("A request that another task has to answer")
struct HandedOnRequestTests {
  /// A link whose outcomes a test decides.
  private final class Link: WriterPort {
    private struct State {
      var forwarded = 0
      var waiting = 0
      var served: [ServedOutcome] = []
    }

    let patience: Duration
    private let outcomes: [ForwardOutcome]
    private let places: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - outcomes: those of the requests that are handed on, in order. The last one is repeated.
    ///   - places: the requests that may wait at once.
    init(_ outcomes: [ForwardOutcome] = [], patience: Duration = .seconds(60), places: Int = 1) {
      (self.outcomes, self.patience, self.places) = (outcomes, patience, places)
    }

    /// The number of times that a request was handed on.
    var forwarded: Int { state.withLock { $0.forwarded } }
    /// The requests that wait.
    var waiting: Int { state.withLock { $0.waiting } }
    /// The outcomes of requests that another task handed on to this one.
    var served: [ServedOutcome] { state.withLock { $0.served } }

    var metricsText: String { "" }

    func beginWaiting() -> Bool {
      state.withLock { state in
        guard state.waiting < places else { return false }
        state.waiting += 1
        return true
      }
    }

    func endWaiting() { state.withLock { $0.waiting -= 1 } }

    func forward(_ request: ForwardedRequest) async -> ForwardOutcome {
      let number = state.withLock { state in
        state.forwarded += 1
        return state.forwarded
      }
      guard !outcomes.isEmpty else { return .notMade(reason: "nobody is there", isPassing: false) }
      return outcomes[min(number, outcomes.count) - 1]
    }

    func readNewest() async {}
    func waitToShow(_ sequence: UInt64) async -> Snapshot? { nil }
    func waitLongToShow(_ sequence: UInt64) async -> Bool { true }
    func expects(_ beginning: [UInt8]) -> Bool { true }

    /// Takes each message for the request `POST /made`.
    func serve(
      _ message: [UInt8], _ run: @Sendable (ForwardedRequest) async -> ServedOutcome
    ) async throws(APIError) -> [UInt8] {
      let head = HTTPRequest(method: .post, scheme: nil, authority: "a", path: "/made", headerFields: [:])
      let outcome = await run(ForwardedRequest(head: head, body: [], client: NetworkAddress("127.0.0.1")))
      state.withLock { $0.served.append(outcome) }
      return []
    }
  }

  /// Counts the requests that this task makes itself.
  private final class Tally: Sendable {
    private let number = Mutex(0)
    var count: Int { number.withLock { $0 } }
    func add() { number.withLock { $0 += 1 } }
  }

  /// A task that does not write, while another one does.
  private static let standby = Standby(reason: "another task holds the lease", isForOthers: true)
  private static let passing = ForwardOutcome.notMade(reason: "the other task ends", isPassing: true)
  private static let answered = ForwardOutcome.answered(ForwardedAnswer(status: 207, fields: [:], body: []))

  private func services(_ link: Link, _ standby: Standby?, _ made: Tally) async throws -> PlatformServices {
    try await TestPlatform.services(
      store: DocumentStore(schemas: Collections.schemas), standby: standby, peers: link,
      resources: Resource.all + [
        Resource([
          Route(.post, "/made", "Make something", .everyone) { _ in
            made.add()
            return .message("made")
          }
        ])
      ])
  }

  private func send(_ path: String, _ services: PlatformServices) async throws -> Int {
    var context = CallContext(
      source: ApplicationRequestContextSource(channel: EmbeddedChannel(), logger: services.logger))
    context.client = NetworkAddress("127.0.0.1")
    let head = HTTPRequest(method: .post, scheme: "http", authority: "a", path: path, headerFields: [:])
    let request = Request(head: head, body: RequestBody(buffer: .init()))
    return try await PlatformResponder(services).respond(to: request, context: context).status.code
  }

  @Test("is never handed on again by a task that it was handed to")
  func loop() async throws {
    let (link, made) = (Link([Self.answered]), Tally())
    let services = try await services(link, Self.standby, made)
    #expect(try await send(PlatformResponder.messagePath, services) == 200)
    #expect(link.forwarded == 0 && made.count == 0)
    guard case .notMade(let reason)? = link.served.first, link.served.count == 1 else {
      Issue.record("\(link.served)")
      return
    }
    #expect(reason.contains("another task holds the lease"))
  }

  @Test("is made by the task that writes, when another one handed it on")
  func writer() async throws {
    let (link, made) = (Link([Self.answered]), Tally())
    let services = try await services(link, nil, made)
    #expect(try await send(PlatformResponder.messagePath, services) == 200)
    #expect(link.forwarded == 0 && made.count == 1)
    guard case .answered(let answer)? = link.served.first, link.served.count == 1 else {
      Issue.record("\(link.served)")
      return
    }
    #expect(answer.status == 200)
  }

  @Test("is handed on until a task takes it, and answered as that one answers")
  func patience() async throws {
    let (link, made) = (Link([Self.passing, Self.passing, Self.answered]), Tally())
    let services = try await services(link, Self.standby, made)
    #expect(try await send("/made", services) == 207)
    #expect(link.forwarded == 3 && link.waiting == 0)
    #expect(made.count == 0)
  }

  @Test("is handed on once, when nobody knows whether it was made, or when no task will take it soon")
  func once() async throws {
    let outcomes: [ForwardOutcome] = [
      .unknown(APIError(503, "GTW504", "The change may have been made")),
      .notMade(reason: "the other task states no address", isPassing: false),
    ]
    for outcome in outcomes {
      let (link, made) = (Link([outcome, Self.answered]), Tally())
      let services = try await services(link, Self.standby, made)
      #expect(try await send("/made", services) == 503, "\(outcome)")
      #expect(link.forwarded == 1 && link.waiting == 0, "\(outcome)")
      #expect(made.count == 0)
    }
  }

  @Test("fails when its time is over")
  func late() async throws {
    let (link, made) = (Link([Self.passing, Self.answered], patience: .zero), Tally())
    let services = try await services(link, Self.standby, made)
    #expect(try await send("/made", services) == 503)
    #expect(link.forwarded == 1 && link.waiting == 0)
    #expect(made.count == 0)
  }

  @Test("does not wait when too many wait, and is not handed on then")
  func tooMany() async throws {
    let (link, made) = (Link([Self.answered], places: 0), Tally())
    let services = try await services(link, Self.standby, made)
    #expect(try await send("/made", services) == 503)
    #expect(link.forwarded == 0 && made.count == 0)
  }
}
