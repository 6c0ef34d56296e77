/// Reads the peer's layout in two passes: one that authenticates, one that parses. GCM gives out text before its tag is
/// checked; nobody looks at it until the first pass has said that it is what was sealed.
struct DMP1Reader: Sendable {
  /// What the first pass found. The derived key shows itself as little as the one it comes from.
  struct Opened: Sendable, CustomStringConvertible, CustomReflectable {
    let key: [UInt8]
    let sha256: String

    var description: String { sha256 }
    var customMirror: Mirror { Mirror(self, children: ["sha256": sha256]) }
  }

  private static let blockSize = 1 << 20

  private let source: any DumpSource
  private let salt: [UInt8]
  private let nonce: [UInt8]
  private let tag: [UInt8]

  init(_ source: any DumpSource) throws(DumpFormatError) {
    self.source = source
    let magic = try Self.bytes(of: source, at: 0, count: min(source.size, DMP1.magic.count))
    guard magic == DMP1.magic else { throw DumpFormatError(.notADump) }
    guard source.size > DMP1.overhead else { throw DumpFormatError(.truncated) }
    salt = try Self.bytes(of: source, at: DMP1.magic.count, count: DMP1.saltSize)
    nonce = try Self.bytes(of: source, at: DMP1.magic.count + DMP1.saltSize, count: GCMStream.nonceSize)
    tag = try Self.bytes(of: source, at: source.size - GCMStream.tagSize, count: GCMStream.tagSize)
  }

  func verify(_ keyring: DumpKeyring) throws(DumpFormatError) -> Opened {
    for key in keyring.all {
      let key = try DMP1.key(key, salt: salt)
      let hash = try SHA256Stream()
      try Self.update(hash, DMP1.magic + salt + nonce)
      let isAuthentic: Bool
      do {
        isAuthentic = try decrypt(key, sealed: { try hash.update($0) }, opened: { _ in })
      } catch {
        throw error as? DumpFormatError ?? DumpFormatError(.cryptography, "\(error)")
      }
      if isAuthentic {
        try Self.update(hash, tag)
        return Opened(key: key, sha256: try hash.hexadecimal())
      }
    }
    throw DumpFormatError(.damagedOrWrongKey)
  }

  func read(
    _ opened: Opened, group: (String) throws -> Void, record: (String, UnsafeRawBufferPointer) throws -> Void
  ) throws -> DumpSummary {
    var scanner = DMP1Scanner()
    let isAuthentic = try decrypt(opened.key, sealed: { _ in }) { block in
      try scanner.scan(block, group: group, record: record)
    }
    // The file changed between the passes.
    guard isAuthentic else { throw DumpFormatError(.damagedOrWrongKey) }
    let content = try scanner.finish()
    return DumpSummary(
      format: .dmp1, version: DMP1.version, createdAt: content.createdAt, counts: content.counts, bytes: source.size,
      sha256: opened.sha256)
  }

  func peekStamp(_ keyring: DumpKeyring) -> (createdAt: String?, order: DumpOrder?) {
    let count = min(256, source.size - DMP1.overhead)
    guard let sealed = try? Self.bytes(of: source, at: DMP1.headerSize, count: count) else { return (nil, nil) }
    for key in keyring.all {
      guard let key = try? DMP1.key(key, salt: salt),
        let gcm = try? GCMStream(key: key, nonce: nonce, isSealing: false)
      else { continue }
      var text = [UInt8](repeating: 0, count: count)
      let isOpened: Void? = text.withUnsafeMutableBytes { text in
        guard let start = text.baseAddress else { return nil }
        return sealed.withUnsafeBytes { try? gcm.update($0, into: start) }
      }
      let beginning = String(decoding: text, as: UTF8.self)
      if isOpened != nil, let time = Self.creationTime(in: beginning) { return (time, DMP1.order(in: beginning)) }
    }
    return (nil, nil)
  }

  private static func creationTime(in text: String) -> String? {
    guard text.hasPrefix("{"), let field = text.firstRange(of: "\"created_at\":") else { return nil }
    let value = text[field.upperBound...].drop { $0 == " " }
    guard value.first == "\"" else { return nil }
    let time = value.dropFirst().prefix { $0 != "\"" }
    return time.count < value.count - 1 ? String(time) : nil
  }

  /// - Returns: whether the tag fits.
  private func decrypt(
    _ key: [UInt8], sealed: (UnsafeRawBufferPointer) throws -> Void, opened: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> Bool {
    let gcm = try GCMStream(key: key, nonce: nonce, isSealing: false)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.blockSize, alignment: 64)
    defer { buffer.deallocate() }
    guard let start = buffer.baseAddress else { return false }
    var offset = DMP1.headerSize
    let end = source.size - GCMStream.tagSize
    while offset < end {
      let count = try source.read(
        at: offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(Self.blockSize, end - offset)]))
      guard count > 0 else { return false }
      let block = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count])
      try sealed(block)
      try gcm.update(block, into: start)
      try opened(block)
      offset += count
    }
    return gcm.isAuthentic(tag)
  }

  private static func update(_ hash: SHA256Stream, _ bytes: [UInt8]) throws(DumpFormatError) {
    try bytes.withUnsafeBytes { bytes in Result { () throws(DumpFormatError) in try hash.update(bytes) } }.get()
  }

  private static func bytes(
    of source: any DumpSource, at offset: Int, count: Int
  ) throws(DumpFormatError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let read = try bytes.withUnsafeMutableBytes { buffer in
      Result { () throws(DumpFormatError) in try source.read(at: offset, into: buffer) }
    }.get()
    guard read == count else { throw DumpFormatError(.truncated) }
    return bytes
  }
}
