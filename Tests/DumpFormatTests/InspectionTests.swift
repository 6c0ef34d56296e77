import Glibc
import TestSupport
import Testing
import Threads

@testable import DumpFormat

/// A file that has grown since it was opened.
private struct GrownSource: DumpSource {
  let bytes: [UInt8]
  let size: Int

  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    BytesSource(bytes: bytes).read(at: offset, into: buffer)
  }
}

/// A source that gives less than is asked for.
private struct SlowSource: DumpSource {
  let bytes: [UInt8]

  var size: Int { bytes.count }

  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    // The parts in clear come whole.
    let count = buffer.count <= 256 ? buffer.count : 257
    return BytesSource(bytes: bytes).read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
  }
}

/// A source that keeps note of how often the sealed text was read from its start.
private final class CountingSource: DumpSource {
  private let bytes: [UInt8]
  private let passes = Lock(0)

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var size: Int { bytes.count }
  var passesRead: Int { passes.withLock { $0 } }

  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    if offset == DMP1.headerSize, buffer.count > 256 { passes.withLock { $0 += 1 } }
    return BytesSource(bytes: bytes).read(at: offset, into: buffer)
  }
}

/// On this thread, and on two.
private let plans = [
  InspectionPlan(blockSize: 500, isThreaded: false), InspectionPlan(blockSize: 500, isThreaded: true),
]

@Suite("Inspecting a dump in one pass")
struct InspectionTests {
  private let dump: [UInt8]

  init() throws {
    dump = try Dumps.sealed([("users", (0..<500).map { "{\"n\":\($0)}" }), ("apis", ["{}"])]).bytes
  }

  private func code(
    _ source: any DumpSource, _ plan: InspectionPlan, _ keyring: DumpKeyring = Dumps.keyring,
    isCancelled: () -> Bool = { false }
  ) -> DumpFormatError.Code? {
    do throws(DumpFormatError) {
      _ = try DMP1Reader(source).inspect(keyring, plan: plan, isCancelled: isCancelled)
    } catch { return error.code }
    return nil
  }

  @Test("says what it holds, wherever blocks end")
  func everyBlockSize() throws {
    let record = #"{"q":"a\"b\\","n":[{"d":{}}],"é":"😀","t":"}{][\\\""}"#
    let (bytes, written) = try Dumps.sealed(
      [("users", [record, "{}", record]), ("na\"me", []), ("b", Array(repeating: record, count: 7))])
    for size in 1...bytes.count {
      for isThreaded in size % 7 == 1 ? [false, true] : [false] {
        let plan = InspectionPlan(blockSize: size, isThreaded: isThreaded)
        #expect(try Dumps.inspect(bytes, plan) == written, "\(plan)")
      }
    }
  }

  @Test("says what it holds, with records of any size across blocks of any size", arguments: 0..<10)
  func anySizes(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let groups = (0..<Int.random(in: 1...5, using: &random)).map { number in
      let records = (0..<Int.random(in: 0...40, using: &random)).map { _ in
        let filler = String(repeating: "x\\\"{", count: Int.random(in: 0...300, using: &random))
        return #"{"k":[1,{"f":"\#(filler)"}]}"#
      }
      return ("group\(number)", records)
    }
    let (bytes, written) = try Dumps.sealed(groups)
    #expect(try Dumps.read(bytes).summary == written)
    for _ in 0..<5 {
      let plan = InspectionPlan(blockSize: Int.random(in: 50...2000, using: &random), isThreaded: true)
      #expect(try Dumps.inspect(bytes, plan) == written, "\(plan)")
    }
  }

  @Test("uses a second thread for a large one, and says the same")
  func large() throws {
    #expect(!InspectionPlan(bytes: (4 << 20) - 1).isThreaded)
    let long = #"{"f":""# + String(repeating: "x", count: 3 << 19) + #""}"#
    let short = (0..<2000).map { #"{"name":"user\#($0)","groups":["ALL"]}"# }
    let (bytes, written) = try Dumps.sealed([("a", [long, long]), ("b", short), ("c", [long])])
    #expect(InspectionPlan(bytes: bytes.count).isThreaded)
    #expect(try UnverifiedDump(BytesSource(bytes: bytes)).inspect(Dumps.keyring) == written)
    var damaged = bytes
    damaged[bytes.count - 17] ^= 1
    #expect { try UnverifiedDump(BytesSource(bytes: damaged)).inspect(Dumps.keyring) } throws: {
      ($0 as? DumpFormatError)?.code == .damagedOrWrongKey
    }
  }

  @Test("finds the key among many, in one pass where the beginning tells it")
  func keys() throws {
    let others = (0..<20).map { DumpKey("key \($0)") }
    let keyring = DumpKeyring(sealing: others[0], older: others[1...] + [Dumps.key])
    for plan in plans {
      let source = CountingSource(dump)
      let summary = try DMP1Reader(source).inspect(keyring, plan: plan, isCancelled: { false })
      #expect(summary.records == 501)
      #expect(source.passesRead == 1)
      let wrong = DumpKeyring(sealing: others[0], older: others)
      #expect(code(BytesSource(bytes: dump), plan, wrong) == .damagedOrWrongKey)
    }
    #expect(try Dumps.read(dump, keyring: keyring).summary.records == 501)
  }

  @Test("finds the key as well where the beginning tells nothing, or something wrong")
  func misleadingBeginnings() throws {
    let other = DumpKey("another")
    let keyrings = [
      DumpKeyring(sealing: Dumps.key, older: [other]), DumpKeyring(sealing: other, older: [Dumps.key]),
    ]
    let text = #"{"version":1,"created_at":"t","data":{"a":[{}]}}"#
    let hidden = try Dumps.sealed(text: String(repeating: " ", count: 300) + text)
    // Text that the other key opens as the beginning of a dump, though it does not fit the tag.
    let keystreams = zip(
      try Dumps.keystream(text.utf8.count, key: other), try Dumps.keystream(text.utf8.count, key: Dumps.key))
    let misleading = try Dumps.sealed(bytes: zip(text.utf8, keystreams).map { $0 ^ $1.0 ^ $1.1 })
    for keyring in keyrings {
      #expect(try Dumps.read(hidden, keyring: keyring).summary.records == 1)
      let stamp = try UnverifiedDump(BytesSource(bytes: misleading)).unverifiedHeader(keyring)
      #expect(stamp?.createdAt == "t")
      #expect { try Dumps.read(misleading, keyring: keyring) } throws: {
        ($0 as? DumpFormatError)?.code == .malformedContent
      }
    }
  }

  @Test("calls a damaged one damaged, whatever its text has become", arguments: plans)
  func damage(plan: InspectionPlan) {
    for index in stride(from: DMP1.headerSize, to: dump.count, by: 97) {
      var damaged = dump
      for turned in index..<min(index + 30, dump.count) { damaged[turned] ^= 0x55 }
      #expect(code(BytesSource(bytes: damaged), plan) == .damagedOrWrongKey)
    }
  }

  @Test("is given up when asked to, at any block", arguments: plans)
  func cancelled(plan: InspectionPlan) {
    var asked = 0
    let whole = code(BytesSource(bytes: dump), plan) {
      asked += 1
      return false
    }
    #expect(whole == nil)
    #expect(asked > dump.count / plan.blockSize)
    for limit in 0..<asked {
      var calls = 0
      let result = code(BytesSource(bytes: dump), plan) {
        calls += 1
        return calls > limit
      }
      #expect(result == .cancelled)
      #expect(calls == limit + 1)
    }
  }

  @Test("notices a file that changes under it", arguments: plans)
  func changing(plan: InspectionPlan) throws {
    let other = try Dumps.sealed([("users", (0..<500).map { "{\"n\":\(499 - $0)}" }), ("apis", ["{}"])]).bytes
    for second in [other, Array(dump.dropLast(20)), Array(dump.prefix(700)), Array(dump.prefix(40)), dump + [0]] {
      for moment in 1...3 {
        let source = ChangingSource(dump, then: second)
        var calls = 0
        let result = code(source, plan) {
          calls += 1
          if calls == moment { source.change() }
          return false
        }
        #expect(result == .damagedOrWrongKey)
      }
    }
  }

  @Test("refuses a file that has grown, as verifying does")
  func grown() throws {
    let source = GrownSource(bytes: dump + [0], size: dump.count)
    for plan in plans { #expect(code(source, plan) == .damagedOrWrongKey) }
    #expect { try UnverifiedDump(source).verify(Dumps.keyring) } throws: {
      ($0 as? DumpFormatError)?.code == .damagedOrWrongKey
    }
  }

  @Test("takes what comes in smaller pieces than were asked for", arguments: plans)
  func slow(plan: InspectionPlan) {
    #expect(code(SlowSource(bytes: dump), plan) == nil)
  }

  @Test("tells a volume that fails from damage", arguments: plans)
  func fails(plan: InspectionPlan) {
    for end in stride(from: 0, to: dump.count, by: 333) {
      #expect(code(FailingSource(bytes: dump, end: end), plan) == .inputOutput)
    }
  }

  @Test("can go on in many threads at once")
  func parallel() async throws {
    let summary = try Dumps.inspect(dump, plans[0])
    try await withThrowingTaskGroup(of: DumpSummary.self) { group in
      for _ in 0..<20 { group.addTask { try Dumps.inspect(dump, plans[1]) } }
      for try await inspected in group { #expect(inspected == summary) }
    }
  }
}
