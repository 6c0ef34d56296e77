import Cryptography
import Testing

@testable import DumpFormat

private struct FullSink: DumpSink {
  struct Full: Error {}

  mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
    if bytes.count > 32 { throw Full() }
  }
}

@Suite("Writing a dump")
struct WriterTests {
  private func writer() throws -> DumpWriter<BytesSink> {
    try DumpWriter(
      header: DumpHeader(createdAt: "t"), key: Dumps.key, sink: BytesSink())
  }

  @Test("refuses a record before the first group, and a group that comes twice")
  func order() throws {
    var writer = try writer()
    #expect { try Array("{}".utf8).withUnsafeBytes { try writer.append(record: $0) } } throws: {
      ($0 as? DumpFormatError)?.code == .wrongOrder
    }
    try writer.beginGroup("a")
    try writer.beginGroup("b")
    #expect { try writer.beginGroup("a") } throws: { ($0 as? DumpFormatError)?.code == .wrongOrder }
    let (summary, sink) = try writer.finish()
    #expect(try Dumps.read(sink.bytes).summary == summary)
  }

  @Test("refuses a record that no reader would take")
  func recordSize() throws {
    var writer = try writer()
    try writer.beginGroup("a")
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: maximumRecord + 1, alignment: 64)
    defer { memory.deallocate() }
    #expect { try writer.append(record: UnsafeRawBufferPointer(memory)) } throws: {
      ($0 as? DumpFormatError)?.code == .recordTooLarge
    }
  }

  @Test("reads back records around the size of the blocks it seals", arguments: [-2, -1, 0, 1, 2])
  func blockSizes(difference: Int) throws {
    // The head of the content is part of the first block; several of these fall on every border near it.
    let groups = (0..<3).map { number in
      ("group\(number)", [#"{"k":""# + String(repeating: "y", count: 256 * 1024 + difference - 8) + #""}"#, "{}"])
    }
    let (bytes, written) = try Dumps.sealed(groups)
    let (contents, read) = try Dumps.read(bytes)
    for (name, records) in groups { #expect(contents.records[name] == records) }
    #expect(read == written)
  }

  @Test("gives on why bytes can't be written")
  func sinkFails() throws {
    var writer = try DumpWriter(
      header: DumpHeader(createdAt: "t"), key: Dumps.key, sink: FullSink())
    #expect(throws: FullSink.Full.self) { try writer.finish() }
  }

  @Test("does not begin without random numbers")
  func noRandomness() {
    #expect { try Dumps.sealed([], randomness: RandomBytes { _ in nil }) } throws: {
      ($0 as? DumpFormatError)?.code == .cryptography
    }
  }
}
