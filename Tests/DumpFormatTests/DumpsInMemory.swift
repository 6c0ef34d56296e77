import Foundation

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

/// What is in a dump, gathered.
struct Contents: Equatable {
  var groups: [String] = []
  var records: [String: [String]] = [:]
}

enum Dumps {
  static let key = DumpKey("interop-key-0123456789abcdef0123")
  static let keyring = DumpKeyring(sealing: key)

  static func sealed(
    _ groups: [(String, [String])], key: DumpKey = key, randomness: DumpRandomness = .system,
    note: String = "encrypted at rest"
  ) throws -> (bytes: [UInt8], summary: DumpSummary) {
    var writer = try DumpWriter(
      format: .dmp1, key: key, createdAt: "2026-01-02T03:04:05.678901Z", sink: BytesSink(), randomness: randomness,
      note: note)
    for (name, records) in groups {
      try writer.beginGroup(name)
      for record in records { try Array(record.utf8).withUnsafeBytes { try writer.append(record: $0) } }
    }
    let (summary, sink) = try writer.finish()
    return (sink.bytes, summary)
  }

  static func read(_ bytes: [UInt8], keyring: DumpKeyring = keyring) throws -> (
    contents: Contents, summary: DumpSummary
  ) {
    var contents = Contents()
    let summary = try UnverifiedDump(BytesSource(bytes: bytes)).verify(keyring).read { name in
      contents.groups.append(name)
    } record: { name, record in
      contents.records[name, default: []].append(String(decoding: record, as: UTF8.self))
    }
    return (contents, summary)
  }

  /// A dump around any text, sealed with the right key.
  static func sealed(text: String) throws -> [UInt8] {
    let (salt, nonce) = ([UInt8](repeating: 7, count: 16), [UInt8](repeating: 9, count: 12))
    let gcm = try GCMStream(key: DMP1.key(key, salt: salt), nonce: nonce, isSealing: true)
    var body = Array(text.utf8)
    try body.withUnsafeMutableBytes { bytes in
      if let start = bytes.baseAddress { try gcm.update(UnsafeRawBufferPointer(bytes), into: start) }
    }
    return DMP1.magic + salt + nonce + body + (try gcm.tag())
  }
}

enum Fixture {
  static func data(_ name: String) throws -> Data {
    guard let url = Bundle.module.url(forResource: name, withExtension: nil, subdirectory: "Fixtures") else {
      throw CocoaError(.fileNoSuchFile)
    }
    return try Data(contentsOf: url)
  }
}

extension Array where Element == UInt8 {
  init(hex: String) {
    let digits = Array<Character>(hex)
    self = stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
  }
}
