import Glibc
import TestSupport
import Testing
import Threads

@testable import DumpFormat

/// Bytes that change when they are told to.
final class ChangingSource: DumpSource {
  private let first: [UInt8]
  private let second: [UInt8]
  private let hasChanged = Lock(false)

  init(_ first: [UInt8], then second: [UInt8]) {
    self.first = first
    self.second = second
  }

  var size: Int { first.count }

  func change() { hasChanged.withLock { $0 = true } }

  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let bytes = hasChanged.withLock { $0 } ? second : first
    return BytesSource(bytes: bytes).read(at: min(offset, bytes.count), into: buffer)
  }
}

/// A volume that fails behind a point.
struct FailingSource: DumpSource {
  let bytes: [UInt8]
  let end: Int

  var size: Int { bytes.count }

  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(DumpFormatError) -> Int {
    guard offset + buffer.count <= end else { throw DumpFormatError(errno: EIO) }
    return BytesSource(bytes: bytes).read(at: offset, into: buffer)
  }
}

@Suite("What a dump is read from")
struct SourceTests {
  private let dump: [UInt8]

  init() throws {
    dump = try Dumps.sealed([("users", (0..<50).map { "{\"n\":\($0)}" })]).bytes
  }

  @Test("may not change after it was verified")
  func changed() throws {
    let other = try Dumps.sealed([("users", (0..<50).map { "{\"n\":\(99 - $0)}" })]).bytes
    for second in [other, Array(dump.dropLast(20)), Array(dump[..<40])] {
      let source = ChangingSource(dump, then: second)
      let verified = try UnverifiedDump(source).verify(Dumps.keyring)
      source.change()
      #expect(throws: DumpFormatError.self) { try verified.read(group: { _ in }, record: { _, _ in }) }
    }
  }

  @Test("may not change after it was verified, even where its text stays well-formed")
  func changedUnseen() throws {
    let head = #"{"version":1,"created_at":"2026-01-02T03:04:05.678901Z","sanitized":false,"note":"encrypted at rest","#
    let digit = DMP1.headerSize + (head + #""data":{"users":[{"n":"#).utf8.count
    var turned = dump
    // The first document's 0 becomes a 1: a stream cipher hides which bit that is, but turns it as asked.
    turned[digit] ^= 1
    let source = ChangingSource(dump, then: turned)
    let verified = try UnverifiedDump(source).verify(Dumps.keyring)
    source.change()
    var first: String?
    #expect {
      try verified.read(group: { _ in }) { _, record in first = first ?? String(decoding: record, as: UTF8.self) }
    } throws: {
      ($0 as? DumpFormatError)?.code == .damagedOrWrongKey
    }
    #expect(first == #"{"n":1}"#)
  }

  @Test("may fail, which is not called damage")
  func fails() throws {
    for end in [0, 10, 40, dump.count - 16, dump.count - 1] {
      #expect {
        try UnverifiedDump(FailingSource(bytes: dump, end: end)).verify(Dumps.keyring)
      } throws: {
        ($0 as? DumpFormatError)?.code == .inputOutput && "\($0)".contains("Input/output error")
      }
    }
  }

  @Test("is refused with any bytes changed, inserted, dropped or swapped", arguments: 0..<20)
  func mutations(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<20 {
      var bytes = dump
      let (first, second) = (
        Int.random(in: bytes.indices, using: &random), Int.random(in: bytes.indices, using: &random)
      )
      switch Int.random(in: 0..<4, using: &random) {
      case 0: bytes[first] = UInt8.random(in: .min ... .max, using: &random)
      case 1: bytes.insert(UInt8.random(in: .min ... .max, using: &random), at: first)
      case 2: bytes.removeSubrange(min(first, second)..<max(first, second))
      default: bytes.swapAt(first, second)
      }
      guard bytes != dump else { continue }
      #expect(throws: DumpFormatError.self) { try Dumps.read(bytes) }
    }
  }

  @Test("shows no key once it is open")
  func redaction() throws {
    let verified = try UnverifiedDump(BytesSource(bytes: dump)).verify(Dumps.keyring)
    let key = try DMP1.key(Dumps.key, salt: Array(dump[4..<20]))
    var shown = "\(verified) \(String(reflecting: verified)) "
    Swift.dump(verified, to: &shown)
    // In one line, and as `dump` shows arrays: a line for each.
    shown.removeAll { $0 == " " }
    for bytes in [key, Array(dump[4..<20])] {
      let start = bytes.prefix(4).map(String.init)
      let isShown = [start.joined(separator: ","), "-" + start.joined(separator: "\n-")].map(shown.contains)
      // The salt is no secret: that it is found says that the key would be.
      #expect(isShown == (bytes == key ? [false, false] : [true, true]))
    }
  }
}
