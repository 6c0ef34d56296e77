import Cryptography

/// A file in Doorman's layout: its parts in clear, and its sealed text by blocks.
struct DMP1File: Sendable {
  /// A key that may be the one, derived for this file.
  struct Candidate {
    let key: [UInt8]
    /// The text of the beginning, decrypted with the key. `nil` almost certainly means that it is another key.
    let header: DumpHeader?
    /// Whether the beginning is text when it is opened with it, as that of every dump is, damaged or not.
    let isText: Bool
  }

  /// How much of the text is looked at for `Candidate.header`, bytes: an envelope of ours up to its data, with room for
  /// whitespace.
  private static let peekSize = 256

  private let source: any DumpSource
  private let salt: [UInt8]
  private let nonce: [UInt8]
  let tag: [UInt8]

  init(_ source: any DumpSource) throws(DumpFormatError) {
    self.source = source
    guard try DumpLayout(of: source) == .dmp1 else { throw DumpFormatError(.notADump) }
    guard source.size > DMP1.overhead else { throw DumpFormatError(.truncated) }
    salt = try source.bytes(at: DMP1.salt.lowerBound, count: DMP1.salt.count)
    nonce = try source.bytes(at: DMP1.nonce.lowerBound, count: DMP1.nonce.count)
    tag = try source.bytes(at: source.size - GCMStream.tagSize, count: GCMStream.tagSize)
  }

  /// The size of the whole file in bytes.
  var size: Int { source.size }

  /// All before the encrypted text.
  var clearBytes: [UInt8] { DMP1.clearBytes(salt: salt, nonce: nonce) }

  private var end: Int { source.size - GCMStream.tagSize }

  /// The keys to try, those first under which the beginning looks like a dump's. It is no more than a guess: a damaged
  /// beginning looks like none under the right key.
  func candidates(_ keyring: DumpKeyring) throws(DumpFormatError) -> [Candidate] {
    let beginning = try source.bytes(
      at: DMP1.headerSize, count: min(Self.peekSize, source.size - DMP1.overhead))
    var likely: [Candidate] = []
    var others: [Candidate] = []
    for key in keyring.all {
      let key = try DMP1.key(key, salt: salt)
      let text = try opened(beginning, key)
      let candidate = Candidate(key: key, header: header(of: text), isText: Self.isText(text))
      if candidate.header == nil { others.append(candidate) } else { likely.append(candidate) }
    }
    return likely + others
  }

  private func opened(_ beginning: [UInt8], _ key: [UInt8]) throws(DumpFormatError) -> [UInt8] {
    let gcm = try opening(key)
    var text = SealedBlock(beginning)
    try text.withBytes { bytes throws(DumpFormatError) in
      try cryptographic { () throws(CryptographyError) in try gcm.openInPlace(bytes) }
    }
    return text.bytes
  }

  private func header(of text: [UInt8]) -> DumpHeader? {
    var scanner = DMP1Scanner(isCounting: true)
    // The text before a fault counts as well, because nothing is trusted yet.
    text.withUnsafeBytes { try? scanner.scan($0, group: { _ in }, record: { _, _ in }) }
    return scanner.header
  }

  /// Whether bytes are an envelope's beginning, of which some may be damaged: three of four must be printable. Of bytes
  /// that a wrong key gives, three of eight are. Less than an envelope has was cut off, whatever it is.
  private static func isText(_ bytes: [UInt8]) -> Bool {
    let envelope = bytes.prefix(100)
    guard envelope.count >= 32 else { return true }
    return envelope.count { (0x20...0x7E).contains($0) } * 4 >= envelope.count * 3
  }

  func opening(_ key: [UInt8]) throws(DumpFormatError) -> GCMStream {
    try cryptographic { () throws(CryptographyError) in try GCMStream(key: key, nonce: nonce, isSealing: false) }
  }

  /// Reads on in the sealed text.
  ///
  /// - Returns: whether there was more of it.
  func read(_ block: inout SealedBlock, at offset: Int, upTo count: Int) throws(DumpFormatError) -> Bool {
    guard offset < end else { return false }
    try block.fill(min(count, end - offset)) { buffer throws(DumpFormatError) in
      try source.read(at: offset, into: buffer)
    }
    return block.count > 0
  }

  /// Whether the sealed text was read through to its end, and the file ends where it ended when it was opened.
  func isWhole(at offset: Int) throws(DumpFormatError) -> Bool {
    guard offset == end else { return false }
    return try source.endsAtItsSize()
  }
}
