import Foundation
import Glibc
import Synchronization
import TestSupport
import TortureModel

/// The address of a task's present process.
struct Endpoint: Sendable, Equatable {
  let port: Int
  let token: String
  let run: Int
}

/// All clients of a round, each on a separate thread, and the responses that they received.
final class Clients: Sendable {
  private struct State {
    var operations: [Request] = []
    var endpoints: [Int: Endpoint] = [:]
    var running = 0
    var isOver = false
  }

  private let state = Mutex(State())
  let clock: RoundClock

  init(clock: RoundClock) {
    self.clock = clock
  }

  var operations: [Request] { state.withLock { $0.operations } }
  var isOver: Bool { state.withLock { $0.isOver } }

  func endpoint(of task: Int) -> Endpoint? { state.withLock { $0.endpoints[task] } }
  func setEndpoint(of task: Int, _ endpoint: Endpoint?) { state.withLock { $0.endpoints[task] = endpoint } }

  func record(_ operation: Request) { state.withLock { $0.operations.append(operation) } }

  func hasAcknowledged(since time: Double) -> Bool {
    state.withLock { state in
      state.operations.contains { $0.answer == .acknowledged && !$0.name.isEmpty && $0.sent >= time }
    }
  }

  func end() { state.withLock { $0.isOver = true } }

  /// - Returns: whether all threads ended in time.
  func waitForEnd(within limit: Duration) -> Bool {
    eventually(within: limit) { state.withLock { $0.running } == 0 ? true : nil } == true
  }

  func start(_ body: @escaping @Sendable () -> Void) {
    state.withLock { $0.running += 1 }
    Thread.detachNewThread { [self] in
      body()
      state.withLock { $0.running -= 1 }
    }
  }
}

// MARK: - Kinds of clients

extension Clients {
  /// Creates documents, and changes and deletes some of them, as long as the round lasts.
  func startWriter(_ number: Int, of task: Int, seed: UInt64) {
    start { [self] in
      var generator = SeededGenerator(seed: seed)
      var connection: (endpoint: Endpoint, client: Client)?
      var documents = OwnDocuments(of: number)
      while !isOver {
        guard let endpoint = endpoint(of: task) else {
          _ = poll(nil, 0, 10)
          continue
        }
        if connection?.endpoint != endpoint {
          if connection?.endpoint.run != endpoint.run { documents.forget() }
          connection = (try? Client(endpoint, patience: Int.random(in: 1...30, using: &generator))).map {
            (endpoint, $0)
          }
        }
        guard let client = connection?.client else {
          _ = poll(nil, 0, 10)
          continue
        }
        let change = documents.nextChange(run: endpoint.run, using: &generator)
        let answer = client.perform(change, clock: clock, record)
        documents.note(answer, to: change)
        switch answer {
        case .acknowledged: break
        case .refused: _ = poll(nil, 0, Int32.random(in: 5...60, using: &generator))
        case .unknown: connection = nil
        }
        _ = poll(nil, 0, Int32.random(in: 0...25, using: &generator))
      }
    }
  }

  /// Requests dumps of a task repeatedly.
  func startDumping(_ task: Int, every pause: Double) {
    start { [self] in
      while !isOver {
        if let endpoint = endpoint(of: task), let client = try? Client(endpoint) {
          _ = client.perform(.dump, clock: clock, record)
        }
        _ = poll(nil, 0, Int32(pause * 1000))
      }
    }
  }

  /// Probes a task's liveness repeatedly.
  func startProbing(_ task: Int) {
    start { [self] in
      while !isOver {
        if let endpoint = endpoint(of: task), let client = try? Client(endpoint) {
          _ = client.perform(.probe, clock: clock, record)
        }
        _ = poll(nil, 0, 500)
      }
    }
  }

  /// Sends one probe.
  func ask(_ change: Change, of endpoint: Endpoint) {
    start { [self] in
      guard let client = try? Client(endpoint) else { return }
      _ = client.perform(change, clock: clock, record)
    }
  }

  /// Creates one group by a request whose body is sent in two halves.
  func createSlowly(_ name: String, of endpoint: Endpoint, pause: Double) {
    start { [self] in
      guard let client = try? Client(endpoint) else { return }
      _ = client.perform(.create(.group, name, "made slowly"), pause: pause, clock: clock, record)
    }
  }
}

/// One connection to one process.
final class Client {
  private let connection: HTTPConnection
  private let endpoint: Endpoint

  init(_ endpoint: Endpoint, patience: Int = 90) throws {
    connection = try HTTPConnection(port: endpoint.port, patience: patience)
    self.endpoint = endpoint
  }

  /// Sends one request and waits for its response. If there is none, the connection can't be used again.
  ///
  /// - Parameter pause: the seconds between the two halves of the body.
  func perform(
    _ change: Change, pause: Double = 0, clock: RoundClock, _ record: (Request) -> Void
  ) -> Request.Answer {
    let (head, body) = bytes(of: change)
    let begun = clock.now
    var operation = Request(change.kind, change.name, run: endpoint.run, begun: begun, ended: nil, .unknown)
    defer { record(operation) }
    do {
      if pause > 0 {
        try connection.send(head + body.prefix(body.count / 2))
        _ = poll(nil, 0, Int32(pause * 1000))
        operation.sent = clock.now
        try connection.send(Array(body.dropFirst(body.count / 2)))
      } else {
        operation.sent = clock.now
        try connection.send(head + body)
      }
      let answer = try connection.receive()
      let status = answer.status
      operation.ended = clock.now
      operation.answer =
        switch status {
        case 200..<300: .acknowledged
        // The change is in memory, and may come to the volume, too.
        case 503 where answer.text.contains("The change was made here"): .unknown
        case 400..<500, 503: .refused(status: status)
        default: .unknown
        }
    } catch {
      operation.ended = nil
    }
    return operation.answer
  }

  private func bytes(of change: Change) -> (head: [UInt8], body: [UInt8]) {
    let body = Array(change.body.utf8)
    // The task answers itself, or not at all: an acknowledgement is then that of the process that it came from.
    let fields = [
      "Host: x", "Authorization: Bearer \(endpoint.token)", "X-Gatehouse-Hand-On: never",
      "Content-Length: \(body.count)",
    ]
    let head = "\(change.method) \(change.path) HTTP/1.1\r\n\(fields.joined(separator: "\r\n"))\r\n\r\n"
    return (Array(head.utf8), body)
  }
}
