import JSON

/// Whether an answer is compressed for its client. A value.
struct Compression: Sendable {
  /// 1 to 9, or `nil` where nothing is compressed.
  let level: Int?
  /// Shorter bodies stay as they are. Bytes.
  let minimumSize: Int

  /// Whether the gateway compresses an answer, as far as its head tells. An answer to HEAD and a 304 count as the
  /// answer with a body that they are about.
  ///
  /// - Parameters:
  ///   - isHead: whether the answer is to HEAD.
  ///   - acceptEncoding: the values of the client's field.
  func applies(_ answer: ResponseHead, isHead: Bool, acceptEncoding: @autoclosure () -> [String]) -> Bool {
    let isUnchanged = answer.status == 304
    guard level != nil, answer.status != 206,
      answer.framing != .none || isUnchanged || isHead && answer.status != 204,
      isUnchanged || (answer.contentLength ?? .max) >= minimumSize, Self.acceptsGzip(acceptEncoding())
    else { return false }
    // A 304 need not name the type, nor the length.
    var (isText, isOpen) = (isUnchanged, true)
    for field in answer.fields {
      let name = answer.text(field.name)
      if name.isField("content-type") {
        isText = Self.isCompressible(answer.text(field.value))
      } else if name.isField("content-encoding") || name.isField("content-range") {
        isOpen = false
      } else if name.isField("cache-control") {
        let words = answer.text(field.value).asciiLowercased.parts(betweenBytes: UInt8(ascii: ","))
        if words.map(\.withoutOuterSpace).containsBytes(of: "no-transform") { isOpen = false }
      }
    }
    return isText && isOpen
  }

  /// Whether a 304 tells a client that has the body as the server sent it, and not a compressed one, whose tag is weak.
  ///
  /// - Parameter asked: the values of the client's `If-None-Match`.
  static func isAboutPlainBody(_ answer: ResponseHead, _ asked: @autoclosure () -> [String]) -> Bool {
    let field = answer.fields.first { answer.text($0.name).isField("etag") }
    guard let tag = field.map({ answer.text($0.value) }), tag.beginsWithBytes("\"") else { return false }
    return asked().flatMap { $0.parts(betweenBytes: UInt8(ascii: ",")) }.map(\.withoutOuterSpace).containsBytes(of: tag)
  }

  /// Whether a client takes gzip (RFC 9110, section 12.5.3): named, or by `*`, and not with `q=0`. It is not what the
  /// client wants when it names `identity` with a higher weight.
  static func acceptsGzip(_ fields: [String]) -> Bool {
    var (named, any, plain): (Double?, Double?, Double?) = (nil, nil, nil)
    for item in fields.flatMap({ $0.parts(betweenBytes: UInt8(ascii: ",")) }) {
      let parts = item.allParts(betweenBytes: UInt8(ascii: ";")).map(\.withoutOuterSpace.asciiLowercased)
      guard let coding = parts.first else { continue }
      let weight = Self.weight(parts.dropFirst())
      switch coding {
      case "gzip", "x-gzip": named = max(named ?? 0, weight)
      case "*": any = weight
      case "identity": plain = weight
      default: break
      }
    }
    guard let weight = named ?? any, weight > 0 else { return false }
    return plain.map { $0 <= weight } ?? true
  }

  /// The weight among the parameters of a coding. One that is not valid counts as none.
  private static func weight(_ parameters: ArraySlice<String>) -> Double {
    guard let text = parameters.first(where: { $0.beginsWithBytes("q=") })?.dropFirst(2),
      let weight = Double(text), 0...1 ~= weight
    else { return 1 }
    return weight
  }

  /// Whether bodies of a media type become smaller.
  static func isCompressible(_ type: String) -> Bool {
    let name = (type.cut(at: UInt8(ascii: ";"))?.before ?? type).withoutOuterSpace.asciiLowercased
    if name.beginsWithBytes("text/") { return true }
    return ["json", "xml", "javascript", "ecmascript", "x-ndjson", "graphql", "yaml", "csv", "svg+xml", "wasm"]
      .contains { name.endsWithBytes("/" + $0) || name.endsWithBytes("+" + $0) || name.endsWithBytes("/x-" + $0) }
  }
}
