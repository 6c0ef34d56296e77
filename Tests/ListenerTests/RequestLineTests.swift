import Testing

@testable import Listener

@Suite("The scanner of request lines")
struct RequestLineTests {
  private func take(_ pieces: [[UInt8]]) -> (count: Int, isComplete: Bool, fault: Malformation?) {
    var (line, count) = (RequestLine(), 0)
    do throws(RequestFault) {
      for piece in pieces { count += try line.take(piece) }
    } catch {
      return (count, false, error.malformation)
    }
    return (count, line.isComplete, nil)
  }

  @Test(
    "takes a line with its end, and empty lines before, whatever the pieces",
    arguments: [
      "GET / HTTP/1.1\r\n", "GET / HTTP/1.0\r\n", "M-SEARCH * HTTP/1.1\r\n", "OPTIONS http://x:80/a?b=c HTTP/1.1\r\n",
      "\r\nGET / HTTP/1.1\r\n", "\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n", "!#$%&'*+-.^_`|~09 / HTTP/1.1\r\n",
      "GET /\(String(repeating: "a", count: RequestLine.longestTarget - 1)) HTTP/1.1\r\n",
    ])
  func valid(text: String) {
    let (line, rest) = (Array(text.utf8), Array("Host: x\r\n".utf8))
    #expect(take([line + rest]) == (line.count, true, nil))
    #expect(take(line.map { [$0] } + [rest]) == (line.count, true, nil))
    #expect(take([line.dropLast()]) == (line.count - 1, false, nil))
  }

  @Test(
    "refuses what another reader might see in another way",
    arguments: [
      ("\nGET / HTTP/1.1\r\n", .head), ("\r\r\nGET / HTTP/1.1\r\n", .head), ("GET  / HTTP/1.1\r\n", .head),
      ("GET /  HTTP/1.1\r\n", .head), ("GET / HTTP/1.1 \r\n", .head), ("GET / HTTP/1.1\n", .head),
      ("GET / HTTP/1.1\r\r\n", .head), ("GET / RTSP/1.0\r\n", .head), ("GET / HTTP/11\r\n", .head),
      ("GET /\u{E9} HTTP/1.1\r\n", .head), ("G\u{E9}T / HTTP/1.1\r\n", .head), ("GET /\r\n", .head),
      ("\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n", .head), ("GET / HTTP/1.2\r\n", .version),
      ("GET / HTTP/2.0\r\n", .version), ("GET / HTTP/0.9\r\n", .version),
      ("GET / HTTP/3.0\r\n", .version), ("GET / HTTP/1.9\r\n", .version), ("GET / HTTP/0.1\r\n", .version),
      ("GET / HTTP/1.2x\r\n", .version), ("GET / HTTP/3x\r\n", .version), ("GET / HTTP/01.1\r\n", .head),
      ("GET / HTTP/1.10\r\n", .head), ("GET / HTTP/1.x\r\n", .head), ("GET / HTTP/x.1\r\n", .head),
      (String(repeating: "A", count: 33), .method),
      ("GET /" + String(repeating: "a", count: 16 << 10), .longTarget),
    ] as [(String, Malformation)])
  func invalid(text: String, malformation: Malformation) {
    #expect(take([Array(text.utf8)]).fault == malformation)
    #expect(take(text.utf8.map { [$0] }).fault == malformation)
  }
}
