import Cryptography

/// Tells dumps apart, whatever their names are.
package enum DumpIdentity {
  /// Bytes of the beginning: salt and nonce are among them.
  private static let beginning = 64
  /// The authentication tag, which depends on every byte.
  private static let end = 16

  /// SHA-256 over the first 64 bytes and the last 16 of a dump's file.
  ///
  /// - Returns: 64 hexadecimal digits.
  package static func of(_ source: any DumpSource) throws(DumpFormatError) -> String {
    try digest(bytes(of: source, at: 0, beginning), bytes(of: source, at: max(0, source.size - end), end))
  }

  /// The identity of a dump with an authentic header: that of the file that it was written as first.
  package static func of(_ source: any DumpSource, _ header: DumpHeader) throws(DumpFormatError) -> String {
    if let first = header.firstIdentity { return first }
    return try of(source)
  }

  /// The identity of a dump that may have been written again: that of the file that it was written as first.
  ///
  /// - Parameter keyring: opens the header. It is not authenticated here, so the dump must be known to be authentic.
  package static func of(_ source: any DumpSource, _ keyring: DumpKeyring) throws(DumpFormatError) -> String {
    if let first = try UnverifiedDump(source).unverifiedHeader(keyring)?.firstIdentity { return first }
    return try of(source)
  }

  /// The first and the last bytes of a dump that is being written. Its identity follows from them, without reading it.
  package struct Ends: Sendable {
    private var first: [UInt8] = []
    private var last: [UInt8] = []

    /// Begins a file without bytes.
    package init() {}

    /// Takes bytes that are added to the file.
    package mutating func add(_ bytes: UnsafeRawBufferPointer) {
      first.append(contentsOf: bytes.prefix(DumpIdentity.beginning - first.count))
      last.append(contentsOf: bytes.suffix(DumpIdentity.end))
      last.removeFirst(max(0, last.count - DumpIdentity.end))
    }

    /// The identity of the whole file, or that of the file that it was written as first.
    ///
    /// - Parameter header: the header of the dump.
    package func identity(_ header: DumpHeader) throws(DumpFormatError) -> String {
      if let first = header.firstIdentity { return first }
      return try DumpIdentity.digest(first, last)
    }
  }

  private static func digest(_ first: [UInt8], _ last: [UInt8]) throws(DumpFormatError) -> String {
    try cryptographic { () throws(CryptographyError) in
      let hash = try SHA256Stream()
      try hash.update(first)
      try hash.update(last)
      return try hash.hexadecimal()
    }
  }

  private static func bytes(of source: any DumpSource, at offset: Int, _ count: Int) throws(DumpFormatError) -> [UInt8]
  {
    var bytes = [UInt8](repeating: 0, count: count)
    let read = try bytes.withUnsafeMutableBytes { buffer in
      Result { () throws(DumpFormatError) in try source.read(at: offset, into: buffer) }
    }.get()
    return Array(bytes.prefix(read))
  }
}

/// The place of a dump's first identity in the note of DMP1, which has no other: before the order, which ends the note.
enum FirstIdentity {
  private static let mark = "; gatehouse identity="
  private static let digits = 64

  /// Adds an identity to a note without an order.
  static func note(_ identity: String, behind words: String) -> String { words + mark + identity }

  /// - Returns: `nil` for every note that was not made by `note(_:behind:)`.
  static func find(in note: String) -> String? {
    var bytes = Array(note.utf8)[...]
    if let order = DumpOrder(note: note) { bytes = bytes.dropLast(order.note(behind: "").utf8.count) }
    let identity = bytes.suffix(digits)
    guard identity.count == digits, Hexadecimal.decode(identity) != nil,
      bytes.dropLast(digits).suffix(mark.utf8.count).elementsEqual(mark.utf8)
    else { return nil }
    return String(decoding: identity, as: UTF8.self)
  }
}
