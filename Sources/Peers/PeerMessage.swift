package import JSON

/// The content of a message: a kind, fields, and a body.
///
/// In bytes: the length of the fields in 4 bytes, the highest first; the fields as one JSON object, with the kind among
/// them; the body. Unknown fields are ignored, so that a version can add some.
package struct PeerMessage: Sendable, Equatable {
  /// The kind of a message.
  package enum Kind: String, Sendable {
    /// A standby says that it lives.
    case hello
    /// A request of a client.
    case change
    /// A standby asks for the place of the newest change.
    case place
    /// The answer to a call.
    case done
    /// The call was not made.
    case refused
  }

  /// The kind of the message.
  package let kind: Kind
  /// The fields beside the kind.
  package let fields: JSONObject
  /// The body.
  package let body: [UInt8]

  /// A message of these parts.
  package init(_ kind: Kind, _ fields: JSONObject = [:], body: [UInt8] = []) {
    (self.kind, self.fields, self.body) = (kind, fields, body)
  }

  private static let lengthSize = 4

  /// Reads a message.
  ///
  /// - Returns: `nil` when the bytes are none, or of a kind that this version does not know.
  package init?(_ bytes: [UInt8]) {
    guard bytes.count >= Self.lengthSize else { return nil }
    let length = bytes.prefix(Self.lengthSize).reduce(0) { $0 << 8 | Int($1) }
    let rest = bytes.dropFirst(Self.lengthSize)
    guard rest.count >= length, let fields = try? JSONParser().parseObject(rest.prefix(length)),
      let kind = fields["kind"]?.string.flatMap(Kind.init)
    else { return nil }
    self.init(kind, fields.removing("kind"), body: Array(rest.dropFirst(length)))
  }

  /// The message as bytes.
  package var bytes: [UInt8] {
    let head = JSONWriter.bytes(fields.merging(["kind": .string(kind.rawValue)]))
    let length = withUnsafeBytes(of: UInt32(clamping: head.count).bigEndian) { Array($0) }
    return length + head + body
  }
}
