import NIOCore
import Testing

@testable import Listener

@Suite("`Proxy-Connection` in a request")
struct ProxyConnectionTests {
  private func send(_ text: String, in piece: Int, to connection: FrontConnection) throws {
    let bytes = Array(text.utf8)
    for start in stride(from: 0, to: bytes.count, by: piece) {
      try connection.send(String(decoding: bytes[start..<min(bytes.count, start + piece)], as: UTF8.self))
    }
  }

  private func request(_ fields: String) -> String {
    "POST /other HTTP/1.1\r\nHost: a\r\n\(fields)\r\nContent-Length: 0\r\n\r\n"
  }

  @Test("does not end the connection, on the way through the decoder as on the direct one", arguments: [1, 7, 4096])
  func withoutEffect(piece: Int) throws {
    for field in [
      "Proxy-Connection: close", "proxy-CONNECTION:close", "Proxy-Connection: keep-alive, close",
      "Proxy-Connection: \t close \r\nProxy-Connection: close",
    ] {
      let connection = try FrontConnection()
      try send(request(field) + connection.request("/other/2"), in: piece, to: connection)
      #expect(connection.answers == "[decoded][decoded]", "\(field)")
      #expect(connection.wire.closes.isEmpty, "\(field)")
    }
  }

  @Test("does not keep the connection that `Connection` ends", arguments: [1, 7, 4096])
  func besideConnection(piece: Int) throws {
    for fields in [
      "Connection: close\r\nProxy-Connection: keep-alive", "Proxy-Connection: keep-alive\r\nConnection: close",
    ] {
      let connection = try FrontConnection()
      try send(request(fields) + connection.request("/other/2"), in: piece, to: connection)
      #expect(connection.answers == "[decoded close]" && connection.wire.closes == [.output], "\(fields)")
    }
  }

  @Test("is refused with its request where its line is folded", arguments: [1, 7, 4096])
  func folded(piece: Int) throws {
    for field in [
      "Proxy-Connection:\r\n close", "Proxy-Connection: \r\n\tclose", "Proxy-Connection: keep-alive\r\n , close",
      "A: b\r\n Proxy-Connection: close",
    ] {
      let connection = try FrontConnection()
      try send(request(field) + connection.request("/other/2"), in: piece, to: connection)
      // The head that stands for a refused one has this target.
      #expect(connection.decoded.events == ["decoded /"], "\(field)")
      #expect(connection.answers == "[decoded close]" && connection.wire.closes == [.output], "\(field)")
    }
  }

  @Test("is found at the beginning of a line alone, and bytes that no value may have stay")
  func lines() {
    let shown = { (text: String) -> String in
      var field = ProxyConnectionField()
      return String(decoding: text.utf8.map { field.hides($0) ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
    }
    #expect(shown("A: b\r\nProxy-Connection: close\r\nA: b\r\n") == "A: b\r\nProxy-Connection:      \r\nA: b\r\n")
    #expect(shown("Proxy-Connection: a\u{1}b\tc\r\n") == "Proxy-Connection:  \u{1} \t \r\n")
    for text in [
      "X-Proxy-Connection: close\r\n", "Proxy-Connections: close\r\n", "Proxy-Connectio: close\r\n",
      "Proxy-Connection : close\r\n", "A: Proxy-Connection: close\r\n", "Connection: close\r\n",
    ] {
      #expect(shown(text) == text)
    }
  }
}
