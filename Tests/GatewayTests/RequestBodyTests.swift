import NIOCore
import Testing

@testable import Gateway

@Suite("The body of a call")
struct RequestBodyTests {
  private func bytes(_ count: Int) -> ByteBuffer { ByteBuffer(repeating: 0, count: count) }
  private let most = RequestBody.keptBytes

  @Test("waits for a connection, which gets all of it in order")
  func waiting() {
    var body = RequestBody()
    body.receive(ByteBuffer(string: "a"), isConnected: false)
    body.receive(ByteBuffer(string: "b"), isConnected: false)
    #expect(body.partsForConnection().map { String(buffer: $0) } == ["a", "b"])
    #expect(body.count == 2 && body.isRepeatable && !body.isComplete)
    body.complete()
    #expect(body.isComplete)
  }

  @Test("is kept for another try, with the parts that went out at once")
  func repeated() {
    var body = RequestBody()
    _ = body.partsForConnection()
    body.receive(ByteBuffer(string: "a"), isConnected: true)
    body.receive(ByteBuffer(string: "b"), isConnected: false)
    for _ in 0..<2 { #expect(body.partsForConnection().map { String(buffer: $0) } == ["a", "b"]) }
  }

  @Test("of 64 KiB is kept, and one byte more is not")
  func bound() {
    var body = RequestBody()
    _ = body.partsForConnection()
    body.receive(bytes(most), isConnected: true)
    #expect(body.isRepeatable)
    body.receive(bytes(1), isConnected: true)
    #expect(!body.isRepeatable && body.count == most + 1)
    body.receive(bytes(1000), isConnected: true)
    #expect(body.kept == nil && body.count == most + 1001 && !body.isFull)
  }

  @Test("holds the client when 64 KiB wait for a connection, and is sent whole once")
  func full() {
    var body = RequestBody()
    body.receive(bytes(most - 1), isConnected: false)
    #expect(!body.isFull)
    body.receive(bytes(10), isConnected: false)
    #expect(body.isFull)
    #expect(body.partsForConnection().reduce(0) { $0 + $1.readableBytes } == most + 9)
    #expect(!body.isFull && !body.isRepeatable)
  }
}
