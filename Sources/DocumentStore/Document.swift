package import JSON

/// A JSON object as compact bytes in one piece of memory; it is parsed when someone looks inside.
package struct Document: Sendable {
  /// Compact JSON, as `JSONWriter` writes it.
  package let bytes: [UInt8]

  package init(_ object: JSONObject) {
    bytes = JSONWriter.bytes(object)
  }

  /// Takes an object that came from outside, in its one spelling.
  ///
  /// - Parameter compactor: one for all documents of a dump; it allows `maximumDepth`.
  /// - Throws: `JSONError` when the bytes are not one JSON object.
  package init(importing source: UnsafeRawBufferPointer, with compactor: inout JSONCompactor) throws(JSONError) {
    bytes = try compactor.compact(source)
  }

  /// The document's members.
  package var object: JSONObject { Self.ownValue(bytes)?.object ?? JSONObject() }

  /// The string in a top-level field, without parsing the rest.
  package func string(_ field: String) -> String? {
    value(FieldPath(field: field))?.string
  }

  /// The value at a path; of the document only that value is parsed.
  package func value(_ path: FieldPath) -> JSONValue? {
    guard let first = path.components.first else { return nil }
    let top: JSONValue? = bytes.withUnsafeBytes { raw in
      guard let range = CompactJSON.rangeOfValue(forKey: JSONWriter.content(of: first), in: raw) else { return nil }
      return Self.ownValue(raw[range])
    }
    guard path.components.count > 1 else { return top }
    return JSONValue.object(JSONObject([(first, top ?? .null)])).value(at: path)
  }

  package var id: String? { string("_id") }

  /// What is taken from outside; deeper than any request may be.
  package static let maximumDepth = 512

  /// Parses what `JSONWriter` or `JSONCompactor` wrote, which a strict parser reads whatever its depth. There is no other
  /// way for bytes to come here, so that `nil` does not occur.
  private static func ownValue(_ bytes: some Collection<UInt8>) -> JSONValue? {
    try? JSONParser(maximumDepth: .max).parse(bytes)
  }
}

extension Document {
  /// Whether a top-level field is this string; without parsing anything.
  func holds(_ value: String, inField field: String) -> Bool {
    let expected = JSONWriter.content(of: value)
    return withStringContent(of: JSONWriter.content(of: field)) { content in
      guard let content, content.count == expected.count else { return false }
      return expected.withUnsafeBytes { content.elementsEqual($0) }
    }
  }

  /// What stands between the quotes of a top-level string field, still in its escaped spelling.
  func withStringContent<Value>(of key: [UInt8], _ body: (UnsafeRawBufferPointer?) -> Value) -> Value {
    bytes.withUnsafeBytes { raw in
      guard let range = CompactJSON.rangeOfValue(forKey: key, in: raw),
        let content = CompactJSON.stringContent(range, in: raw)
      else { return body(nil) }
      return body(UnsafeRawBufferPointer(rebasing: raw[content]))
    }
  }
}
