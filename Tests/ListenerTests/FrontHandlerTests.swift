import NIOCore
import NIOEmbedded
import Testing

@testable import Listener

@Suite("The way of requests around the decoder")
struct FrontHandlerTests {
  @Test("takes requests that were sent ahead in turn, however they are cut into pieces", arguments: [1, 7, 64, 4096])
  func pipelined(piece: Int) throws {
    let connection = try FrontConnection()
    let bytes = Array(
      (connection.request("/direct/1", body: "one") + connection.request("/direct/now/2", body: "two")
        + connection.request("/direct/3")).utf8)
    // A head that comes in pieces is for the decoder, so each piece begins behind a head.
    if piece < 64 {
      let end = try #require(String(decoding: bytes, as: UTF8.self).firstRange(of: "one")).lowerBound
      let head = String(decoding: bytes, as: UTF8.self)[..<end].utf8.count
      try connection.send(String(decoding: bytes[..<head], as: UTF8.self))
      for start in stride(from: head, to: bytes.count, by: piece) {
        try connection.send(String(decoding: bytes[start..<min(bytes.count, start + piece)], as: UTF8.self))
      }
    } else {
      try connection.send(String(decoding: bytes, as: UTF8.self))
    }
    #expect(connection.answers == "")
    connection.service.answer()
    #expect(connection.answers == "[/direct/1][/direct/now/2]")
    connection.service.answer()
    #expect(connection.answers == "[/direct/1][/direct/now/2][/direct/3]")
    #expect(connection.service.events.filter { $0.hasPrefix("begin") }.count == 3)
    #expect(connection.counters.calls == 0)
  }

  @Test("hands what it does not take to the decoder, and takes the next one again")
  func fallback() throws {
    let connection = try FrontConnection()
    try connection.send(
      connection.request("/direct/1") + connection.request("/other") + connection.request("/direct/now/2"))
    #expect(connection.decoded.events.isEmpty)
    connection.service.answer()
    #expect(connection.answers.hasPrefix("[/direct/1][decoded]"), "in the order of the requests")
    try connection.send(connection.request("/direct/now/3"))
    #expect(connection.answers.hasSuffix("[/direct/now/3]"))
    try connection.send("POST /oth")
    try connection.send("er/4 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n")
    try connection.send("x")
    #expect(connection.decoded.events.last == "decoded /other/4")
    try connection.send(connection.request("/direct/now/5"))
    #expect(connection.answers.hasSuffix("[decoded][/direct/now/5]"))
  }

  @Test("answers every request that came whole before the client closed its side", arguments: [2, 3, 5])
  func halfCloseBehindRequests(count: Int) throws {
    let connection = try FrontConnection()
    let later = (2...count).map { connection.request("/direct/now/\($0)") }
    try connection.send(connection.request("/direct/1") + later.joined())
    connection.closeInput()
    #expect(connection.wire.closes.isEmpty)
    connection.service.answer()
    #expect(connection.answers == "[/direct/1]" + (2...count).map { "[/direct/now/\($0)]" }.joined())
    #expect(connection.wire.closes == [.output])
  }

  @Test("answers a request for the decoder that came before the client closed its side, then tells the decoder")
  func halfCloseBeforeDecoder() throws {
    let connection = try FrontConnection()
    try connection.send(
      connection.request("/direct/1") + connection.request("/direct/now/2") + connection.request("/other"))
    connection.closeInput()
    connection.service.answer()
    #expect(connection.answers == "[/direct/1][/direct/now/2][decoded]")
    #expect(connection.decoded.events == ["decoded /other", "input closed"])
  }

  @Test("closes its side when the client closes its side between requests")
  func halfCloseAtRest() throws {
    let connection = try FrontConnection()
    connection.closeInput()
    #expect(connection.wire.closes == [.output])
    let second = try FrontConnection()
    try second.send(second.request("/direct/now/1"))
    second.closeInput()
    #expect(second.answers == "[/direct/now/1]" && second.wire.closes == [.output])
  }

  @Test("tells the service of a body that breaks off, once, and of a client that sends no more while it waits")
  func halfCloseInCalls() throws {
    let connection = try FrontConnection()
    try connection.send(connection.request("/direct/1", body: "abc", length: 5))
    connection.closeInput()
    #expect(connection.service.events == ["begin /direct/1", "body abc", "flush", "broke off"])
    connection.service.answer(saysClose: true)
    #expect(connection.answers == "[/direct/1 close]" && connection.wire.closes == [.output])
    let second = try FrontConnection()
    try second.send(second.request("/direct/1"))
    second.closeInput()
    #expect(second.service.events == ["begin /direct/1", "end", "input closed"])
    second.service.answer()
    #expect(second.wire.closes == [.output])
  }

  @Test("tells the service of a broken body behind another request when its turn comes")
  func halfCloseInBodyBehind() throws {
    let connection = try FrontConnection()
    try connection.send(
      connection.request("/direct/1") + connection.request("/direct/2", body: "abc", length: 5))
    connection.closeInput()
    connection.service.answer()
    #expect(connection.service.events.suffix(3) == ["begin /direct/2", "body abc", "broke off"])
    connection.service.answer(saysClose: true)
    #expect(connection.answers == "[/direct/1][/direct/2 close]")
  }

  @Test("closes its side when a body that was answered early breaks off")
  func halfCloseAfterEarlyAnswer() throws {
    let connection = try FrontConnection()
    try connection.send(connection.request("/direct/now/1", body: "abc", length: 5))
    connection.closeInput()
    #expect(connection.answers == "[/direct/now/1]" && connection.wire.closes == [.output])
    #expect(!connection.service.events.contains("broke off"))
  }

  @Test("does not read while the service asks for it, nor while requests wait for their turn")
  func pressureOfRequests() throws {
    let connection = try FrontConnection()
    try connection.send(connection.request("/direct/1", length: 5))
    connection.front.pauseReading()
    let reads = connection.wire.reads
    connection.channel.read()
    #expect(connection.wire.reads == reads)
    connection.front.resumeReading()
    #expect(connection.wire.reads == reads + 1)
    try connection.send("abcde" + connection.request("/direct/2"))
    connection.channel.read()
    #expect(connection.wire.reads == reads + 1, "a request waits")
    connection.service.answer()
    #expect(connection.wire.reads == reads + 2)
    connection.channel.read()
    #expect(connection.wire.reads == reads + 3)
  }

  @Test("tells the service whether the client takes its answer, while there is a call")
  func pressureOfAnswers() throws {
    let connection = try FrontConnection()
    connection.setWritable(false)
    connection.setWritable(true)
    #expect(connection.service.events.isEmpty)
    try connection.send(connection.request("/direct/1"))
    connection.setWritable(false)
    connection.setWritable(true)
    #expect(connection.service.events.suffix(2) == ["writable false", "writable true"])
  }

  @Test("cancels the call when the connection ends, by the client, an error or a handler", arguments: [0, 1, 2])
  func ends(way: Int) throws {
    let connection = try FrontConnection()
    try connection.send(connection.request("/direct/1", length: 5))
    switch way {
    case 0: try connection.channel.close().wait()
    case 1: connection.channel.pipeline.fireErrorCaught(IOError(errnoCode: 104, reason: "read"))
    default: connection.front.close()
    }
    #expect(connection.service.events.contains("cancel"))
    #expect(!connection.channel.isActive && connection.counters.calls == 0)
    connection.channel.embeddedEventLoop.run()
    connection.service.answer()
    #expect(connection.answers == "", "the handlers are gone")
  }

  @Test("is given up with its connection, and so is its service")
  func givenUp() throws {
    weak var front: FrontHandler?
    weak var service: FakeService?
    do {
      let connection = try FrontConnection()
      front = connection.front
      service = connection.service
      try connection.send(connection.request("/direct/now/1"))
      try connection.channel.close().wait()
      connection.channel.embeddedEventLoop.run()
    }
    #expect(front == nil && service == nil)
  }

  @Test("tells the service of a body that takes too long, and not when it was answered before")
  func lateBody() throws {
    let connection = try FrontConnection()
    try connection.send(connection.request("/direct/1", body: "abc", length: 5))
    connection.channel.embeddedEventLoop.advanceTime(by: .seconds(30))
    #expect(connection.service.events.last == "late")
    let second = try FrontConnection()
    try second.send(second.request("/direct/now/1", body: "abc", length: 5))
    second.channel.embeddedEventLoop.advanceTime(by: .seconds(30))
    #expect(!second.service.events.contains("late"))
    #expect(second.wire.closes == [.output])
  }

  @Test("does not count the time of a body while the service does not take it")
  func heldBody() throws {
    let connection = try FrontConnection()
    try connection.send(connection.request("/direct/1", body: "abc", length: 6))
    connection.front.pauseReading()
    connection.channel.embeddedEventLoop.advanceTime(by: .seconds(600))
    #expect(connection.service.events.last == "flush")
    connection.front.resumeReading()
    connection.channel.embeddedEventLoop.advanceTime(by: .seconds(29))
    try connection.send("d")
    connection.channel.embeddedEventLoop.advanceTime(by: .seconds(29))
    #expect(!connection.service.events.contains("late"))
    connection.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
    #expect(connection.service.events.last == "late")
  }

  @Test("ends the connection behind an answer when the client asks for it, and takes nothing more")
  func close() throws {
    let connection = try FrontConnection()
    try connection.send(
      connection.request("/direct/now/1").replacing("Host: a\r\n", with: "Host: a\r\nConnection: close\r\n")
        + connection.request("/direct/now/2"))
    #expect(connection.answers == "[/direct/now/1 close]" && connection.wire.closes == [.output])
  }

  // MARK: A gateway that leaves

  @Test(
    "answers every request that came while the gateway leaves, and closes behind the last", arguments: [false, true])
  func leaving(turnsAway: Bool) throws {
    let connection = try FrontConnection()
    try connection.send(
      connection.request("/direct/1") + connection.request("/direct/now/2") + connection.request("/direct/3"))
    connection.counters.leave()
    connection.service.answer()
    #expect(connection.answers == "[/direct/1][/direct/now/2]")
    // The answer to a call that was taken before.
    if turnsAway { connection.counters.turnAway() }
    connection.service.answer()
    #expect(connection.answers == "[/direct/1][/direct/now/2][/direct/3 close]")
    #expect(connection.wire.closes == [.output] && connection.counters.calls == 0)
  }

  @Test("does so for requests that are answered while others wait before the decoder")
  func leavingThroughDecoder() throws {
    for (paths, answers) in [
      (["/other/1", "/other/2", "/other/3"], "[decoded][decoded][decoded close]"),
      (["/direct/now/1", "/other/2", "/direct/now/3"], "[/direct/now/1][decoded][decoded close]"),
      (["/other/1"], "[decoded close]"),
    ] {
      let connection = try FrontConnection()
      connection.counters.leave()
      try connection.send(paths.map { connection.request($0) }.joined())
      #expect(connection.answers == answers)
      #expect(connection.wire.closes == [.output] && connection.counters.calls == 0)
    }
  }

  @Test("waits while the gateway leaves for the body of a request whose head has come")
  func leavingInBody() throws {
    let connection = try FrontConnection()
    connection.counters.leave()
    try connection.send(
      connection.request("/direct/now/1") + connection.request("/direct/2", body: "abc", length: 5))
    #expect(connection.answers == "[/direct/now/1]")
    try connection.send("de")
    connection.service.answer()
    #expect(connection.answers == "[/direct/now/1][/direct/2 close]")
    #expect(connection.wire.closes == [.output])
  }

  @Test(
    "closes behind an answer while the gateway leaves when what came behind it is no whole head",
    arguments: ["\r\n\r\n\r\n", "POST /direct/2 HTTP/1.1\r\nHost: a\r\n"])
  func leavingInHead(behind: String) throws {
    let connection = try FrontConnection()
    connection.counters.leave()
    try connection.send(connection.request("/direct/now/1") + behind)
    #expect(connection.answers == "[/direct/now/1 close]" && connection.wire.closes == [.output])
    // Empty lines of a body end no head.
    let early = try FrontConnection()
    early.counters.leave()
    try early.send(early.request("/direct/now/1", body: "a\r\n\r\nb", length: 8))
    #expect(early.answers == "[/direct/now/1 close]" && early.wire.closes == [.output])
  }
}
