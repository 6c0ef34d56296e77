import Cryptography
import Foundation
import Testing

@testable import DumpFormat

enum Dumps {
  static let key = DumpKey("interop-key-0123456789abcdef0123")
  static let keyring = DumpKeyring(sealing: key)

  static func sealed(
    _ groups: [(String, [String])], key: DumpKey = key, randomness: RandomBytes = .system,
    order: DumpOrder? = nil, note: String = "encrypted at rest"
  ) throws -> (bytes: [UInt8], summary: DumpSummary) {
    var writer = try DumpWriter(
      header: DumpHeader(createdAt: "2026-01-02T03:04:05.678901Z", order: order), key: key,
      sink: BytesSink(), randomness: randomness, note: note)
    for (name, records) in groups {
      try writer.beginGroup(name)
      for record in records { try Array(record.utf8).withUnsafeBytes { try writer.append(record: $0) } }
    }
    let (summary, sink) = try writer.finish()
    return (sink.bytes, summary)
  }

  /// Verifies and reads a dump, and expects that to inspect it, in whatever way, says the same.
  static func read(
    _ bytes: [UInt8], keyring: DumpKeyring = keyring, blockSize: Int = InspectionPlan.blockSize,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> (contents: Contents, summary: DumpSummary) {
    let read = Result { try readTwice(bytes, keyring, blockSize) }
    let expected = read.map(\.summary).mapError { $0 as? DumpFormatError ?? DumpFormatError(.cryptography, "\($0)") }
    for plan in plans(bytes.count) {
      let inspected = Result { () throws(DumpFormatError) in try inspect(bytes, plan, keyring) }
      #expect(inspected == expected, "\(String(describing: plan))", sourceLocation: sourceLocation)
    }
    return try read.get()
  }

  /// Ways to inspect a dump; none has so many blocks that a large dump takes long.
  private static func plans(_ size: Int) -> [InspectionPlan?] {
    let small = max(7, size / 100)
    return [
      nil, InspectionPlan(blockSize: small, isThreaded: false), InspectionPlan(blockSize: small, isThreaded: true),
      InspectionPlan(blockSize: max(1, size / 3), isThreaded: true),
    ]
  }

  static func inspect(
    _ bytes: [UInt8], _ plan: InspectionPlan?, _ keyring: DumpKeyring = keyring
  ) throws(DumpFormatError) -> DumpSummary {
    let source = BytesSource(bytes: bytes)
    guard let plan else { return try UnverifiedDump(source).inspect(keyring) }
    return try DMP1Reader(source).inspect(keyring, plan: plan, isCancelled: { false })
  }

  private static func readTwice(_ bytes: [UInt8], _ keyring: DumpKeyring, _ blockSize: Int) throws -> (
    contents: Contents, summary: DumpSummary
  ) {
    var contents = Contents()
    let reader = try DMP1Reader(BytesSource(bytes: bytes), blockSize: blockSize)
    let summary = try reader.read(reader.verify(keyring)) { name in
      contents.groups.append(name)
    } record: { name, record in
      contents.records[name, default: []].append(String(decoding: record, as: UTF8.self))
    }
    return (contents, summary)
  }

  /// A dump around any text, sealed with the right key.
  static func sealed(text: String, key: DumpKey = key) throws -> [UInt8] {
    try sealed(bytes: Array(text.utf8), key: key)
  }

  static func sealed(bytes: [UInt8], key: DumpKey = key) throws -> [UInt8] {
    let (salt, nonce) = ([UInt8](repeating: 7, count: 16), [UInt8](repeating: 9, count: 12))
    let gcm = try GCMStream(key: DMP1.key(key, salt: salt), nonce: nonce, isSealing: true)
    var body = bytes
    try body.withUnsafeMutableBytes { bytes in
      if let start = bytes.baseAddress { try gcm.update(UnsafeRawBufferPointer(bytes), into: start) }
    }
    return DMP1.magic + salt + nonce + body + (try gcm.tag())
  }

  /// The key stream that `sealed(bytes:)` combines with each byte of the text.
  static func keystream(_ count: Int, key: DumpKey) throws -> [UInt8] {
    let sealed = try sealed(bytes: [UInt8](repeating: 0, count: count), key: key)
    return Array(sealed.dropFirst(DMP1.headerSize).prefix(count))
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
