import NIOCore
import Testing

@testable import Listener

@Suite("A connection's front, and bodies")
struct FrontBodyTests {
  @Test("gives the service a short body with its head when all of it came along, and else its parts")
  func wholeBody() throws {
    let connection = try FrontConnection()
    try connection.send(
      connection.request("/direct/1", body: "abc", length: 3) + connection.request("/direct/2", body: "de", length: 3))
    #expect(connection.service.events == ["begin /direct/1", "whole abc", "end"])
    connection.service.answer()
    #expect(connection.service.events.suffix(2) == ["begin /direct/2", "body de"])
    try connection.send("f")
    #expect(connection.service.events.suffix(2) == ["body f", "end"])
    connection.service.answer()
    let long = String(repeating: "x", count: RequestMemory.free + 1)
    try connection.send(connection.request("/direct/3", body: long, length: long.utf8.count))
    #expect(connection.service.events.suffix(3) == ["begin /direct/3", "body \(long)", "end"])
    connection.service.answer()
    #expect(connection.answers == "[/direct/1][/direct/2][/direct/3]")
  }

  @Test("drops the rest of a body whose answer came early, and goes on behind it")
  func earlyAnswer() throws {
    let connection = try FrontConnection()
    try connection.send(connection.request("/direct/now/1", body: "abc", length: 5))
    try connection.send("de" + connection.request("/direct/now/2"))
    #expect(connection.answers == "[/direct/now/1][/direct/now/2]")
    #expect(connection.service.events.allSatisfy { !$0.hasPrefix("body") && $0 != "end" })
  }
}
