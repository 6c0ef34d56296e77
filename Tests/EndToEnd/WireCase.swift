import Foundation
import Synchronization
import TestSupport
import Testing

/// A request as bytes, and what has to become of it.
struct WireCase {
  enum Outcome {
    /// It is answered with a status, the connection ends, and no server gets it whole.
    case refused(Int)
    /// A server gets it, and the connection goes on.
    case forwarded
    /// The gateway answers it itself, and the connection goes on.
    case answered(Int)
    /// A server gets it, and the connection ends behind the answer.
    case last
  }

  let name: String
  /// Each character is one byte.
  let text: String
  let outcome: Outcome

  /// - Parameter text: with the parts `{get}`, `{post}`, `{path}` and `{host}`.
  init(_ name: String, _ text: String, _ outcome: Outcome) {
    (self.name, self.text, self.outcome) = (name, text, outcome)
  }

  /// The paths that requests go to.
  struct Place {
    let get: String
    let post: String
    static let dataPlane = Place(get: "/api/rest/test/v1/a", post: "/api/rest/test/v1/a")
    static let platform = Place(get: "/api/health", post: "/platform/authorization")
  }

  func bytes(at place: Place) -> [UInt8] {
    let text =
      text
      .replacing("{get}", with: "GET {path} HTTP/1.1\r\n{host}")
      .replacing("{post}", with: "POST \(place.post)?case HTTP/1.1\r\n{host}")
      .replacing("{path}", with: "\(place.get)?case").replacing("{host}", with: "Host: x\r\n")
    return text.unicodeScalars.map { UInt8($0.value) }
  }
}

/// A server that remembers the requests that it got to their end.
final class RecordingUpstream: Sendable {
  struct Received: Equatable {
    let target: String
    let body: String
    let trailers: [String]
  }

  private final class Whole: Sendable {
    let requests = Mutex<[Received]>([])
  }

  private let whole = Whole()
  let server: ScriptedServer

  init() throws {
    let whole = whole
    server = try ScriptedServer { connection in
      while let head = connection.receiveHead(), let body = connection.receiveBody(of: head) {
        let request = Received(
          target: head.target, body: String(decoding: body, as: UTF8.self), trailers: connection.trailers)
        whole.requests.withLock { $0.append(request) }
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n"
        guard connection.send(head.method == "HEAD" ? answer : answer + "good") else { return }
      }
    }
  }

  /// The requests since the last call.
  func take() -> [Received] {
    whole.requests.withLock { requests in
      defer { requests = [] }
      return requests
    }
  }
}

/// The way in which the bytes of a case reach the gateway.
enum WireMode: CaseIterable {
  case alone, behindAnother, byteByByte
}

/// Sends cases to a gateway, each on a connection of its own, and looks at all that comes of it.
struct WireRun {
  let gatehouse: GatehouseProcess
  let upstream: RecordingUpstream
  let place: WireCase.Place

  private var isDataPlane: Bool { place.get.hasPrefix("/api/rest/") }

  /// Sends a case and a good request behind it, after which the gateway has to close the connection in any case.
  func check(_ test: WireCase, _ mode: WireMode) throws {
    let next = Array("GET \(place.get)?next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".utf8)
    let before = Array("GET \(place.get)?before HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
    let all = (mode == .behindAnother ? before : []) + test.bytes(at: place) + next
    let connection = try HTTPConnection(port: gatehouse.port)
    if mode == .byteByByte { for byte in all { connection.sendAll([byte]) } } else { connection.sendAll(all) }
    let text = connection.receiveText()
    let label: Comment = "\(test.name), \(mode), \(isDataPlane ? "data plane" : "platform"): \(text.prefix(60))"
    #expect(connection.isClosedAlready, label)
    var statuses = text.matches(of: /HTTP.1\.[01] ([0-9]{3})/).compactMap { Int($0.output.1) }
    // A client that waits for it is told to go on, if its body is not there by then.
    statuses.removeAll { $0 == 100 }
    if mode == .behindAnother, !statuses.isEmpty { #expect(statuses.removeFirst() == 200, label) }
    let targets = upstream.take().map { $0.target.drop { $0 != "?" } }.filter { $0 != "?before" }
    switch test.outcome {
    case .refused(let status):
      #expect(statuses == [status], label)
      #expect(targets == [], label)
    case .answered(let status):
      #expect(statuses.count == 2 && statuses.last == 200, label)
      if isDataPlane { #expect(statuses == [status, 200] && targets == ["?next"], label) }
    case .forwarded:
      #expect(statuses.count == 2 && statuses.last == 200, label)
      if isDataPlane { #expect(statuses == [200, 200] && targets == ["?case", "?next"], label) }
    case .last:
      #expect(statuses.count == 1, label)
      if isDataPlane { #expect(statuses == [200] && targets == ["?case"], label) }
    }
  }
}

extension HTTPConnection {
  /// Sends bytes to a server that may close the connection meanwhile.
  func sendAll(_ bytes: [UInt8]) { try? send(bytes) }
}
