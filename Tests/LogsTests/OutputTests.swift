import Clocks
import Glibc
import Logging
import Synchronization
import TestSupport
import Testing
import Threads

@testable import Logs

/// A pipe with both ends held by a test.
///
/// The writing end stays open: an output writes to its descriptor for as long as the process lives, and another test's
/// file or connection would get the number of a closed descriptor.
private final class Pipe {
  let input: Int32
  private(set) var output: Int32

  init() {
    var ends: [Int32] = [-1, -1]
    precondition(pipe(&ends) == 0)
    (output, input) = (ends[0], ends[1])
  }

  deinit {
    closeOutput()
  }

  func closeOutput() {
    if output >= 0 { close(output) }
    output = -1
  }

  /// Fills the pipe until it accepts no more bytes.
  ///
  /// - Returns: the number of bytes.
  func fill() -> Int {
    let before = fcntl(input, F_GETFL)
    _ = fcntl(input, F_SETFL, before | O_NONBLOCK)
    defer { _ = fcntl(input, F_SETFL, before) }
    var count = 0
    // The last byte is a newline.
    let bytes = [UInt8](repeating: UInt8(ascii: "."), count: 4095) + [UInt8(ascii: "\n")]
    while write(input, bytes, bytes.count) > 0 { count += bytes.count }
    return count
  }

  /// Reads lines until they satisfy a condition.
  func lines(until isEnough: ([Substring]) -> Bool) throws -> [Substring] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    var lines: [Substring] = []
    let deadline = Deadline(in: .seconds(30))
    while true {
      var question = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
      guard poll(&question, 1, deadline.pollTimeout) > 0 else {
        throw HTTPFailure(description: "no such line; the last ones are \(lines.suffix(3))")
      }
      let count = read(output, &buffer, buffer.count)
      guard count > 0 else { throw HTTPFailure(description: "the writer closed") }
      bytes += buffer[..<count]
      guard let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else { continue }
      let text = String(decoding: bytes[..<end], as: UTF8.self)
      bytes.removeSubrange(...end)
      lines += text.split(separator: "\n", omittingEmptySubsequences: false)
      if isEnough(lines) { return lines }
    }
  }
}

@Suite("The log's output")
struct OutputTests {
  @Test("makes no caller wait when nobody reads it, and reports afterwards how many lines were dropped")
  func fullPipe() throws {
    let pipe = Pipe()
    let output = LogOutput(.plain, descriptor: pipe.input, capacity: 256 << 10)
    let logger = output.logger(label: "test", level: .info)
    let filling = pipe.fill()
    #expect(filling > 0)
    let start = SteadyClock.now()
    for number in 0..<10_000 { logger.info("line \(number)") }
    for number in 0..<10 { logger.warning("warning \(number)") }
    #expect(SteadyClock.now() - start < .seconds(30))
    let flushed = SteadyClock.now()
    #expect(!output.flush(within: .milliseconds(200)))
    #expect((.milliseconds(200)...Duration.seconds(20)).contains(SteadyClock.now() - flushed))
    let lines = try pipe.lines { $0.contains { $0.contains("log.dropped=") } }.filter { !$0.hasPrefix(".") }
    // The oldest lines are complete and in order, and so are the last warnings.
    let kept = lines.filter { $0.contains(" INFO     line ") }
    #expect(kept.count > 1000)
    for (number, line) in kept.enumerated() { #expect(line.hasSuffix(" INFO     line \(number)")) }
    #expect(lines.count { $0.contains("WARNING  warning") } == 10)
    let dropped = lines.compactMap { $0.firstMatch(of: /log\.dropped=([0-9]+)/).flatMap { Int($0.output.1) } }
    #expect(dropped == [10_000 - kept.count])
    #expect(lines.contains { $0.contains(" WARNING ") && $0.contains("log.dropped=") })
    #expect(output.flush(within: .seconds(30)))
  }

  @Test("keeps lines whole and in order when many threads write and the reader is slow")
  func order() throws {
    let pipe = Pipe()
    let output = LogOutput(.plain, descriptor: pipe.input)
    let logger = output.logger(label: "test", level: .info)
    let padding = String(repeating: "x", count: 3000)
    let threads = try (0..<4).map { thread in
      try SystemThread {
        for number in 0..<100 { logger.info("from \(thread) number \(number) \(padding)") }
        // This is larger than a pipe accepts at once.
        logger.info("from \(thread) number 100 \(String(repeating: padding, count: 15))")
      }
    }
    let lines = try pipe.lines { $0.count == 404 }
    for thread in threads { thread.join() }
    for thread in 0..<4 {
      let numbers = lines.compactMap { line in
        line.wholeMatch(of: /.* INFO     from ([0-9]) number ([0-9]+) x+/).flatMap {
          Int($0.output.1) == thread ? Int($0.output.2) : nil
        }
      }
      #expect(numbers == Array(0...100))
    }
  }

  @Test(
    "that fails does not end the process, does not delay its end, and is tried again",
    arguments: ["closed pipe", "closed descriptor", "/dev/full"])
  func failing(kind: String) {
    signal(SIGPIPE, SIG_IGN)
    let pipe = Pipe()
    var descriptor = pipe.input
    switch kind {
    case "closed pipe": pipe.closeOutput()
    case "closed descriptor": descriptor = 1_000_000
    default: descriptor = open("/dev/full", O_WRONLY)
    }
    let output = LogOutput(.plain, descriptor: descriptor)
    let logger = output.logger(label: "test", level: .info)
    for number in 0..<1000 { logger.error("line \(number)") }
    let start = SteadyClock.now()
    #expect(!output.flush(within: .seconds(60)))
    #expect(SteadyClock.now() - start < .seconds(30))
  }

  @Test("that recovers gets the lines that waited")
  func comesBack() throws {
    signal(SIGPIPE, SIG_IGN)
    let (broken, good) = (Pipe(), Pipe())
    broken.closeOutput()
    let descriptor = dup(broken.input)
    let output = LogOutput(.plain, descriptor: descriptor)
    output.logger(label: "test", level: .info).info("kept")
    #expect(!output.flush(within: .seconds(30)))
    #expect(dup2(good.input, descriptor) == descriptor)
    #expect(output.flush(within: .seconds(30)))
    #expect(try good.lines { !$0.isEmpty }.first?.hasSuffix("kept") == true)
  }

  @Test("that does not block gets every line whole")
  func nonBlocking() throws {
    let pipe = Pipe()
    _ = fcntl(pipe.input, F_SETFL, O_NONBLOCK)
    let output = LogOutput(.plain, descriptor: pipe.input)
    let logger = output.logger(label: "test", level: .info)
    let padding = String(repeating: "x", count: 10_000)
    for number in 0..<100 { logger.info("number \(number) \(padding)") }
    logger.info("the end")
    let lines = try pipe.lines { $0.last?.hasSuffix("the end") == true }
    #expect(lines.count == 101)
    for (number, line) in lines.dropLast().enumerated() {
      #expect(line.hasSuffix(" INFO     number \(number) \(padding)"))
    }
  }

  @Test("writes no line beyond the limit", arguments: [LogFormat.plain, .json])
  func longLine(format: LogFormat) throws {
    let long = String(repeating: "\u{1B}é", count: 100_000)
    let line = LogLine(
      time: "now", level: .info, message: long,
      metadata: Dictionary(uniqueKeysWithValues: (0..<200).map { ("\($0)\(long)", .array(["\(long)"])) }))
    let text = String(decoding: line.boundedBytes(format), as: UTF8.self)
    #expect(text.utf8.count <= LogLine.limit)
    #expect(text.contains("log.cut.bytes"))
    #expect(text.contains("…"))
    let short = LogLine(time: "now", level: .info, message: "short", metadata: [:])
    #expect(String(decoding: short.boundedBytes(format), as: UTF8.self) == short.text(format))
  }
}

@Suite("The queue of lines")
struct LineQueueTests {
  private func line(_ count: Int) -> [UInt8] { [UInt8](repeating: 120, count: count) }

  @Test("keeps its last quarter for warnings, counts dropped lines, and reports them at most once a second")
  func bounds() {
    var queue = LineQueue(capacity: 4000)
    for _ in 0..<40 { queue.append(line(100), .usual) }
    #expect((queue.bytes, queue.dropped) == (3000, 10))
    for _ in 0..<20 { queue.append(line(100), .high) }
    #expect((queue.bytes, queue.dropped) == (4000, 20))
    #expect(queue.takeDropped(now: .seconds(10)) == 20)
    queue.append(line(100), .high)
    #expect(queue.takeDropped(now: .milliseconds(10_999)) == nil)
    #expect(queue.takeDropped(now: .seconds(11)) == 1)
    queue.append(line(100), .high)
    var bytes = 0
    while let chunk = queue.next() { bytes += chunk.count }
    #expect(bytes == 4000)
    #expect((queue.bytes, queue.isEmpty) == (0, true))
    // Nothing waits any more, so the notice is due at once.
    #expect(queue.takeDropped(now: .milliseconds(11_001)) == 1)
    #expect(queue.takeDropped(now: .seconds(60)) == nil)
  }

  @Test("returns whole lines, several together if one atomic write can hold them")
  func chunks() {
    var queue = LineQueue()
    for count in [2000, 2000, 200, 10_000, 5, 5] { queue.append(line(count), .usual) }
    var counts: [Int] = []
    while let chunk = queue.next() { counts.append(chunk.count) }
    #expect(counts == [4000, 200, 10_000, 10])
  }
}
