import Cryptography

/// Writes Doorman's layout. The plaintext is
/// `{"version":1,"created_at":"…Z","sanitized":false,"note":"…","data":{"users":[{…},{…}],"apis":[]}}`.
struct DMP1Writer<Sink: DumpSink>: DumpLayoutWriter {
  /// Large enough that calls into OpenSSL and the kernel cost nothing beside the work, small enough for a cache.
  private static var blockSize: Int { 256 * 1024 }

  private let gcm: GCMStream
  private let hash: SHA256Stream
  private var sink: Sink
  private var block: [UInt8] = []
  private var bytes = 0

  init(_ header: DumpHeader, note: String, key: DumpKey, sink: Sink, randomness: RandomBytes) throws {
    guard let salt = randomness.next(DMP1.salt.count), let nonce = randomness.next(DMP1.nonce.count)
    else {
      throw DumpFormatError.library("random numbers")
    }
    gcm = try GCMStream(key: DMP1.key(key, salt: salt), nonce: nonce, isSealing: true)
    hash = try SHA256Stream()
    let clear = DMP1.clearBytes(salt: salt, nonce: nonce)
    self.sink = sink
    block.reserveCapacity(Self.blockSize)
    try writeRaw(clear)
    try add(DMP1Envelope.beginning(header, note: note))
  }

  mutating func beginGroup(_ name: String, isFirst: Bool) throws {
    let name = DMP1Envelope.quoted(name)
    guard name.utf8.count <= DMP1Value.maximumShort else {
      throw DumpFormatError(.wrongOrder, "a collection's name has more than \(DMP1Value.maximumShort) bytes")
    }
    try add((isFirst ? "" : "],") + name + ":[")
  }

  mutating func append(_ record: UnsafeRawBufferPointer, isFirst: Bool) throws {
    if !isFirst { try add(",") }
    try add(record)
  }

  mutating func finish(_ counts: [DumpSummary.GroupCount]) throws -> WrittenLayout<Sink> {
    try add(counts.isEmpty ? "}}" : "]}}")
    try seal()
    let tag = try gcm.tag()
    try tag.withUnsafeBytes { tag in
      try hash.update(tag)
      try sink.write(tag)
    }
    return WrittenLayout(bytes: bytes + tag.count, sha256: try hash.hexadecimal(), sink: sink)
  }

  private mutating func add(_ text: String) throws {
    var text = text
    try text.withUTF8 { try add(UnsafeRawBufferPointer($0)) }
  }

  private mutating func add(_ content: UnsafeRawBufferPointer) throws {
    var content = content
    while block.count + content.count >= Self.blockSize {
      let room = Self.blockSize - block.count
      block.append(contentsOf: content[..<room])
      content = UnsafeRawBufferPointer(rebasing: content[room...])
      try seal()
    }
    block.append(contentsOf: content)
  }

  private mutating func seal() throws {
    guard bytes + block.count < GCMStream.maximumMessage else {
      throw DumpFormatError(.cryptography, "a DMP1 dump can't hold more than 64 GiB")
    }
    var sealed = block
    block = []
    try sealed.withUnsafeMutableBytes { sealed in
      guard let start = sealed.baseAddress else { return }
      try gcm.update(UnsafeRawBufferPointer(sealed), into: start)
    }
    try writeRaw(sealed)
    sealed.removeAll(keepingCapacity: true)
    block = sealed
  }

  private mutating func writeRaw(_ raw: [UInt8]) throws {
    bytes += raw.count
    try raw.withUnsafeBytes { raw in
      try hash.update(raw)
      try sink.write(raw)
    }
  }
}
