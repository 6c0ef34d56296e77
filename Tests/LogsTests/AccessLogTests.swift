import Clocks
import Foundation
import JSON
import Logging
import TestSupport
import Testing

@testable import Logs

@Suite("The access log")
struct AccessLogTests {
  private static let time = "2026-11-23T20:11:37.454Z"

  private func record(_ path: String, client: String = "10.0.0.7", id: String = "4f0c") -> AccessRecord {
    AccessRecord(id: id, method: "GET", path: path, status: 404, duration: .microseconds(1_000_017), client: client)
  }

  @Test("has a line as text or as JSON for each request")
  func lines() throws {
    let record = record("/platform/user/me")
    let plain = try #require(record.bytes(at: Self.time, .info, .plain))
    #expect(
      String(decoding: plain, as: UTF8.self)
        == "\(Self.time) INFO     request client.address=10.0.0.7 duration.us=1000017 request.id=4f0c request.method=GET request.path=/platform/user/me response.status=404"
    )
    let json = try JSONParser().parseObject(try #require(record.bytes(at: Self.time, .debug, .json)))
    #expect(json["level"]?.string == "debug")
    #expect(json["message"]?.string == "request")
    #expect(json["duration.us"]?.number?.int == 1_000_017)
    #expect(json["request.path"]?.string == "/platform/user/me")
  }

  @Test("writes the same bytes as a logger would, whatever the values contain", arguments: [LogFormat.plain, .json])
  func same(format: LogFormat) throws {
    var random = SeededGenerator(seed: 12)
    let alphabet = Array("abcdefghijklmno/%=:.-_~ \"\\\n\r\t\u{7F}\u{85}\u{2028}äé🙂{}".unicodeScalars)
    var fast = 0
    for _ in 0..<4000 {
      let texts = (0..<3).map { _ in
        String(
          String.UnicodeScalarView(
            (0..<Int.random(in: 1...4, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? "a" }))
      }
      let record = record(texts[0], client: texts[1], id: texts[2])
      let line = record.line(at: Self.time, .warning).boundedBytes(format)
      guard let bytes = record.bytes(at: Self.time, .warning, format) else { continue }
      fast += 1
      #expect(bytes == line)
    }
    #expect(fast > 50)
  }

  @Test("has no line for a request below its level, and one for any other")
  func level() async throws {
    try await withTemporaryDirectory { directory in
      let file = directory.appending(path: "log")
      _ = FileManager.default.createFile(atPath: file.path(), contents: nil)
      let handle = try FileHandle(forWritingTo: file)
      let output = LogOutput(.plain, descriptor: handle.fileDescriptor)
      let log = AccessLog(output, level: .info)
      log.write(record("/probe"), level: .debug)
      log.write(record("/a b\n"), level: .info)
      AccessLog.none.write(record("/none"), level: .critical)
      #expect(output.flush(within: .seconds(30)))
      try handle.close()
      let text = try String(contentsOf: file, encoding: .utf8)
      #expect(text.utf8.count { $0 == UInt8(ascii: "\n") } == 1)
      #expect(text.contains(#"request.path="/a b\n""#))
    }
  }
}
