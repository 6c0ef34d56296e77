import Threads

/// The script of a server whose answer is a stream of server-sent events. Each event follows when the client has the
/// one before it.
package final class EventStream: Sendable {
  /// The numbers of the events.
  package static let numbers = 1...5

  private let isChunked: Bool
  private let patience: Duration
  private let taken = Lock(0)

  /// Makes a stream that ends with its connection, or with its last chunk.
  ///
  /// - Parameter patience: the time in which the client must have each event.
  package init(isChunked: Bool, patience: Duration = .seconds(20)) {
    (self.isChunked, self.patience) = (isChunked, patience)
  }

  /// The bytes of an event.
  package static func event(_ number: Int) -> String { "data: \(number)\n\n" }

  /// Notes that the client has an event.
  package func take(_ number: Int) { taken.withLock { $0 = number } }

  /// Answers the first request of a connection.
  package func run(_ connection: ScriptedConnection) {
    guard connection.receiveHead() != nil else { return }
    let framing = isChunked ? "transfer-encoding: chunked\r\n" : ""
    connection.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\(framing)\r\n")
    for number in Self.numbers {
      let event = Self.event(number)
      connection.send(isChunked ? "\(String(event.utf8.count, radix: 16))\r\n\(event)\r\n" : event)
      let isTaken = eventually(within: patience) { taken.withLock { $0 } >= number ? true : nil }
      guard isTaken == true else { return }
    }
    if isChunked { connection.send("0\r\n\r\n") }
  }
}
