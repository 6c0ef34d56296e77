import Clocks
import Foundation
import JSON
import Logging
import Logs
import TestSupport
import Testing

@Suite("Logs")
struct LogTests {
  private func lines(_ format: LogFormat, _ body: (Logger) -> Void) async throws -> [String] {
    try await withTemporaryDirectory { directory in
      let file = directory.appending(path: "log")
      _ = FileManager.default.createFile(atPath: file.path(), contents: nil)
      let handle = try FileHandle(forWritingTo: file)
      let clock = WallClock { .init(seconds: 1_795_464_697, microseconds: 454_068) }
      let output = LogOutput(format, descriptor: handle.fileDescriptor, clock: clock)
      body(output.logger(label: "test", level: .info))
      #expect(output.flush(within: .seconds(30)))
      try handle.close()
      return try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n").dropLast()
    }
  }

  @Test("have one line for each event, as text or as JSON")
  func formats() async throws {
    let write = { (logger: Logger) in
      logger.info("listening", metadata: ["server.port": .stringConvertible(5001), "server.host": "127.0.0.1"])
      logger.debug("not this one")
    }
    #expect(
      try await lines(.plain, write) == [
        "2026-11-23T20:11:37.454Z INFO     listening server.host=127.0.0.1 server.port=5001"
      ])
    #expect(
      try await lines(.json, write) == [
        #"{"time":"2026-11-23T20:11:37.454Z","level":"info","message":"listening","server.host":"127.0.0.1","server.port":5001}"#
      ])
  }

  @Test("can't be forged through a value", arguments: [LogFormat.plain, .json])
  func injection(format: LogFormat) async throws {
    let evil = "x\n2026-01-01T00:00:00.000Z INFO forged\r\u{1B}[31m\u{2028}\"\\"
    let lines = try await lines(format) { $0.info("call", metadata: ["request.path": "\(evil)", "\(evil)": "v"]) }
    #expect(lines.count == 1)
    #expect(lines[0].unicodeScalars.allSatisfy { $0.value >= 0x20 })
    if case .json = format {
      #expect(try JSONParser().parseObject(Array(lines[0].utf8))["request.path"] == .string(evil))
    }
  }

  @Test("quote a value that contains a space, whatever follows the space")
  func quotes() async throws {
    // In Swift, a space followed by a combining accent is one character and not a space.
    let lines = try await lines(.plain) { $0.info("call", metadata: ["a": "x \u{301}b=c"]) }
    #expect(lines.first?.utf8.reversed().starts(with: "\"x \u{301}b=c\"".utf8.reversed()) == true)
  }
}
