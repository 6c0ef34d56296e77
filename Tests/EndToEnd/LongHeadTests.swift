import TestSupport
import Testing

@Suite("Heads that become longer as the gateway reads them")
struct LongHeadTests {
  @Test("are refused with an answer, and the connection ends")
  func invalidText() async throws {
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      // Within the bounds as they come. A byte that is not UTF-8 takes three of text.
      let value = [UInt8](repeating: 0xE9, count: 12_000)
      let fields = ["X-A: ", "X-B: "].flatMap { Array($0.utf8) + value + Array("\r\n".utf8) }
      let line = Array("GET /api/rest/test/v1/a HTTP/1.1\r\nHost: x\r\n".utf8)
      let connection = try HTTPConnection(port: gatehouse.port)
      try connection.send(line + fields + Array("\r\n".utf8))
      let answer = try connection.receive()
      #expect(answer.status == 431 && answer.code == "GTW400", "\(answer.status) \(answer.text)")
      #expect(answer.header("connection") == "close")
      #expect(connection.isClosedByServer())
    }
  }
}
