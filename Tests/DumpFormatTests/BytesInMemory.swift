@testable import DumpFormat

struct BytesSink: DumpSink {
  var bytes: [UInt8] = []

  mutating func write(_ more: UnsafeRawBufferPointer) { bytes.append(contentsOf: more) }
}

struct BytesSource: DumpSource {
  let bytes: [UInt8]

  var size: Int { bytes.count }

  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let slice = bytes[offset..<min(bytes.count, offset + buffer.count)]
    buffer.copyBytes(from: slice)
    return slice.count
  }
}

/// The contents of a dump, collected.
struct Contents: Equatable {
  var groups: [String] = []
  var records: [String: [String]] = [:]
}

extension DumpOrder {
  static var first: DumpOrder {
    guard let order = DumpOrder(epoch: 1, sequence: 1) else { preconditionFailure("1 is a number of a dump") }
    return order
  }
}
