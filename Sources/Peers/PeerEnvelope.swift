package import Cryptography
package import DumpFormat

/// One encrypted message between two processes: a header, which is authenticated with the content, and the content.
///
/// Each message has a key of its own, derived from a random salt and the direction. So no nonce is used twice, however
/// many processes have the key. Clocks play no part.
package struct PeerEnvelope: Sendable, Equatable {
  /// The way of a message. A call is no answer, also to the process that sent it.
  package enum Direction: UInt8, Sendable {
    case call = 1
    case answer = 2
  }

  /// The first bytes, with the version of the layout.
  static let magic = Array("GPM1".utf8)
  private static let counterSize = 8
  private static let saltSize = 16
  private static let tagSize = 16
  /// Bytes of the header.
  package static let headerSize =
    magic.count + 1 + MessageSecret.nameSize + 2 * PeerName.size + counterSize + saltSize
  /// Bytes that a message has beside its content.
  package static let overhead = headerSize + tagSize

  /// The way of the message.
  package let direction: Direction
  /// The name of the encryption key.
  package let key: [UInt8]
  /// The process that made the message.
  package let sender: PeerName
  /// The process that the message is for.
  package let receiver: PeerName
  /// The number of the call among those of its sender. An answer has that of its call.
  package let counter: UInt64
  private let salt: [UInt8]

  /// Reads the header of a message, which is not authentic yet.
  ///
  /// - Returns: `nil` when the bytes are no message of this version.
  package init?(_ message: some Collection<UInt8>) {
    guard message.count >= Self.overhead, message.starts(with: Self.magic) else { return nil }
    var rest = Array(message.prefix(Self.headerSize))[Self.magic.count...]
    func next(_ count: Int) -> [UInt8] {
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
    guard let direction = next(1).first.flatMap(Direction.init) else { return nil }
    self.direction = direction
    key = next(MessageSecret.nameSize)
    sender = PeerName(bytes: next(PeerName.size))
    receiver = PeerName(bytes: next(PeerName.size))
    counter = next(Self.counterSize).reduce(0) { $0 << 8 | UInt64($1) }
    salt = next(Self.saltSize)
  }

  private init(
    _ direction: Direction, key: [UInt8], from sender: PeerName, to receiver: PeerName, counter: UInt64, salt: [UInt8]
  ) {
    (self.direction, self.key, self.sender, self.receiver) = (direction, key, sender, receiver)
    (self.counter, self.salt) = (counter, salt)
  }

  /// Encrypts a message.
  package static func encrypt(
    _ content: [UInt8], _ direction: Direction, from sender: PeerName, to receiver: PeerName, counter: UInt64,
    with secret: MessageSecret, randomness: RandomBytes = .system
  ) throws(CryptographyError) -> [UInt8] {
    guard let salt = randomness.next(saltSize), salt.count == saltSize else {
      throw CryptographyError("random numbers")
    }
    let envelope = PeerEnvelope(
      direction, key: secret.name, from: sender, to: receiver, counter: counter, salt: salt)
    let header = envelope.header
    var key = try envelope.messageKey(secret)
    defer { SecretBytes.wipe(&key) }
    var message = header + content + [UInt8](repeating: 0, count: tagSize)
    let result = message.withUnsafeMutableBytes { bytes in
      Result { () throws(CryptographyError) in
        let target = UnsafeMutableRawBufferPointer(rebasing: bytes[headerSize...])
        try AES256GCM.seal(
          UnsafeRawBufferPointer(rebasing: target.dropLast(tagSize)), key: key, nonce: nonce, associatedData: header,
          into: target)
      }
    }
    try result.get()
    return message
  }

  /// Decrypts the message whose header this is.
  ///
  /// - Throws: `PeerRefusal` `unknownKey` or `notAuthentic`.
  package func decrypt(_ message: [UInt8], with secrets: [MessageSecret]) throws(PeerRefusal) -> [UInt8] {
    guard let secret = secrets.first(where: { $0.name == key }) else { throw .unknownKey }
    var content = Array(message.dropFirst(Self.headerSize))
    let header = Array(message.prefix(Self.headerSize))
    let result = content.withUnsafeMutableBytes { bytes in
      Result { () throws(CryptographyError) in
        var key = try messageKey(secret)
        defer { SecretBytes.wipe(&key) }
        return try AES256GCM.open(bytes, key: key, nonce: Self.nonce, associatedData: header)
      }
    }
    guard case .success(true) = result else { throw .notAuthentic }
    content.removeLast(Self.tagSize)
    return content
  }

  /// No two messages share a key.
  private static let nonce = [UInt8](repeating: 0, count: 12)

  private func messageKey(_ secret: MessageSecret) throws(CryptographyError) -> [UInt8] {
    let purpose = direction == .call ? "gatehouse-peer-call-v1" : "gatehouse-peer-answer-v1"
    return try HKDFSHA256.key(material: secret.bytes, salt: salt, info: purpose)
  }

  private var header: [UInt8] {
    var header = Self.magic
    header.append(direction.rawValue)
    header += key
    header += sender.bytes
    header += receiver.bytes
    header += withUnsafeBytes(of: counter.bigEndian) { Array($0) }
    return header + salt
  }
}
