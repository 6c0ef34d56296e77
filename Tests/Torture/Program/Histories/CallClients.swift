import Foundation
import Glibc
import JSON
import Synchronization
import TestSupport
import TortureModel

/// The clients of two tasks, each on a thread of its own, and the calls that they recorded.
final class CallClients: Sendable {
  private struct State {
    var calls: [Call] = []
    var ports: [Int?] = [nil, nil]
    var connections = 0
    var begun = 0
    var refused = 0
    var unexplained: [String] = []
    var running = 0
    var isOver = false
  }

  /// The calls about one key before the clients go on to other keys: a search takes longer with each.
  private static let callsPerKey = 80

  private let state = Mutex(State())
  private let clock = RoundClock()
  private let name: String
  private let token: String
  private let fault: RecordedFault?

  /// - Parameters:
  ///   - name: the beginning of all keys.
  ///   - token: a token that both tasks take.
  ///   - fault: a fault of the recorder, in place of one of the tasks.
  init(_ name: String, token: String, _ fault: RecordedFault?) {
    (self.name, self.token, self.fault) = (name, token, fault)
  }

  var calls: [Call] { state.withLock { $0.calls } }
  var refused: Int { state.withLock { $0.refused } }
  /// The answers that neither the state nor a disturbance explains.
  var unexplained: [String] { state.withLock { $0.unexplained } }

  func setPort(of task: Int, _ port: Int?) { state.withLock { $0.ports[task] = port } }

  func start(_ count: Int, seed: UInt64) {
    for number in 0..<count {
      state.withLock { $0.running += 1 }
      Thread.detachNewThread { [self] in
        var generator = SeededGenerator(seed: seed &* 1000 &+ UInt64(number))
        while !isOver { play(&generator) }
        state.withLock { $0.running -= 1 }
      }
    }
  }

  /// - Returns: whether all threads ended in time.
  func end(within limit: Duration) -> Bool {
    state.withLock { $0.isOver = true }
    return eventually(within: limit) { state.withLock { $0.running } == 0 ? true : nil } == true
  }

  /// Reads every key from the writer, when no call is under way.
  func readAll(from port: Int) throws {
    let lane = Lane(connection: nextConnection(), try HTTPConnection(port: port))
    for key in Set(calls.map(\.key)).sorted() {
      var call = Call(key, lane.connection, .read, from: clock.now, to: nil, .unknown, isStrict: true)
      let unexplained = try lane.perform(&call, token, clock)
      state.withLock { state in
        state.calls.append(call)
        if let unexplained { state.unexplained.append(unexplained) }
      }
    }
  }

  private var isOver: Bool { state.withLock { $0.isOver } }

  private func nextConnection() -> Int {
    state.withLock { state in
      state.connections += 1
      return state.connections
    }
  }

  private func port(of task: Int) -> Int? { state.withLock { $0.ports[task] } }

  /// Uses one connection until it breaks, or for some time.
  private func play(_ generator: inout SeededGenerator) {
    let task = Int.random(in: 0...1, using: &generator)
    guard let port = port(of: task), let socket = try? HTTPConnection(port: port, patience: 10) else {
      _ = poll(nil, 0, 20)
      return
    }
    let lane = Lane(connection: nextConnection(), socket)
    // A recorder with a fault takes two connections for one.
    let other = self.port(of: 1 - task).flatMap { try? HTTPConnection(port: $0, patience: 10) }
    let second = other.map { Lane(connection: lane.connection, $0) }
    for _ in 0..<Int.random(in: 5...200, using: &generator) where !isOver {
      var call = next(lane.connection, &generator)
      let used: Lane =
        switch fault {
        case .laggingRead where call.kind != .read: second ?? lane
        case .mixedConnection where Bool.random(using: &generator): second ?? lane
        default: lane
        }
      do {
        let unexplained = try used.perform(&call, token, clock)
        if let unexplained { state.withLock { $0.unexplained.append(unexplained) } }
      } catch {
        record(call)
        return
      }
      if fault == .earlyAnswer, call.kind != .read, call.outcome == .done { call.ended = call.begun }
      record(call)
      // Often the next call comes at once, while the other task may not have the change yet.
      if Bool.random(using: &generator) { _ = poll(nil, 0, Int32.random(in: 1...25, using: &generator)) }
    }
  }

  private func next(_ connection: Int, _ generator: inout SeededGenerator) -> Call {
    let number = state.withLock { state in
      state.begun += 1
      return state.begun
    }
    let key = "\(name)-\(number / (2 * Self.callsPerKey))-\(Int.random(in: 0...1, using: &generator))"
    let kinds: [Call.Kind] = [.create, .update, .update, .delete, .read, .read, .read, .read]
    let kind = kinds[Int.random(in: kinds.indices, using: &generator)]
    let value = kind == .create || kind == .update ? "v\(number)" : nil
    return Call(key, connection, kind, value, from: clock.now, to: nil, .unknown)
  }

  private func record(_ call: Call) {
    state.withLock { state in
      // A change that was refused for another reason than the state was not made.
      if call.ended != nil, call.outcome == .unknown, call.kind != .read, call.isRefused {
        state.refused += 1
      } else {
        state.calls.append(call)
      }
    }
  }
}

/// One connection to a task.
private final class Lane {
  let connection: Int
  private let socket: HTTPConnection

  init(connection: Int, _ socket: HTTPConnection) {
    self.connection = connection
    self.socket = socket
  }

  /// Sends a call, and notes its answer and its end. Without an answer the connection can't be used again.
  ///
  /// - Returns: in words, an answer that neither the state nor a task that can't answer now explains.
  func perform(_ call: inout Call, _ token: String, _ clock: RoundClock) throws -> String? {
    let (method, path, body) = request(call)
    call.begun = clock.now
    try socket.send(
      "\(method) \(path) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    )
    let answer = try socket.receive()
    let end = clock.now
    var isExplained = true
    switch (call.kind, answer.status, answer.code) {
    case (.read, 200, _):
      let found = answer.json.value(at: "response.group_description") ?? answer.json.value(at: "group_description")
      if let value = found?.string { call.outcome = .found(value) } else { isExplained = false }
    case (.read, 404, "GRP003"): call.outcome = .found(nil)
    case (.create, 400, "GRP001"): call.outcome = .exists
    case (.update, 400, "GRP003"), (.delete, 400, "GRP003"): call.outcome = .missing
    case (.create, 200..<300, _), (.update, 200..<300, _), (.delete, 200..<300, _): call.outcome = .done
    case (_, 503, _) where answer.text.contains("Nothing was changed"): call.isRefused = true
    // The task stops, starts or does not write, or its volume or the other task does not answer.
    case (_, 503, _), (_, 504, _): break
    default: isExplained = false
    }
    // A change whose outcome stays open has no end.
    if call.outcome != .unknown || call.isRefused { call.ended = end }
    return isExplained ? nil : "\(call.line) was answered \(answer.status) \(answer.text)"
  }

  private func request(_ call: Call) -> (method: String, path: String, body: String) {
    let path = "/platform/group/\(call.key)"
    let value = call.value ?? ""
    return switch call.kind {
    case .create:
      ("POST", "/platform/group", #"{"group_name":"\#(call.key)","group_description":"\#(value)"}"#)
    case .update: ("PUT", path, #"{"group_description":"\#(value)"}"#)
    case .delete: ("DELETE", path, "")
    case .read: ("GET", path, "")
    }
  }
}
