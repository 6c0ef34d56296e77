package import JSON

/// A JSON object as compact bytes in one piece of memory; it is parsed when someone looks inside.
package struct Document: Sendable {
  /// Compact JSON, as `JSONWriter` writes it.
  package let bytes: [UInt8]

  package init(_ object: JSONObject) {
    bytes = JSONWriter.bytes(object)
  }

  /// Takes the bytes of an object that came from outside.
  ///
  /// Bytes that are compact already are kept as they are; others are written anew, so that one value has one spelling.
  ///
  /// - Throws: `JSONError` when they are not one JSON object.
  package init(importing source: UnsafeRawBufferPointer, maximumDepth: Int) throws(JSONError) {
    let isCompact: Bool
    do {
      isCompact = try JSONValidator.checkObject(source, maximumDepth: maximumDepth)
    } catch {
      // What Python writes beyond the RFC is taken on the slow way.
      isCompact = false
    }
    if isCompact {
      bytes = [UInt8](source)
    } else {
      bytes = JSONWriter.bytes(try JSONParser(maximumDepth: maximumDepth, dialect: .python).parseObject(source))
    }
  }

  /// The document's members. Bytes in the store are whole by construction; an unreadable one would read as empty.
  package var object: JSONObject {
    (try? JSONParser(maximumDepth: Document.maximumDepth).parseObject(bytes)) ?? JSONObject()
  }

  /// The string in a top-level field, without parsing the rest.
  package func string(_ field: String) -> String? {
    value(FieldPath(field: field))?.string
  }

  /// The value at a path; of the document only that value is parsed.
  package func value(_ path: FieldPath) -> JSONValue? {
    guard let first = path.components.first else { return nil }
    let top: JSONValue? = bytes.withUnsafeBytes { raw in
      guard let range = CompactJSON.rangeOfValue(forKey: JSONWriter.content(of: first), in: raw) else { return nil }
      return try? JSONParser(maximumDepth: Document.maximumDepth).parse(raw[range])
    }
    guard path.components.count > 1 else { return top }
    return JSONValue.object(JSONObject([(first, top ?? .null)])).value(at: path)
  }

  package var id: String? { string("_id") }

  /// Deeper than any request may be, so that whatever was taken once can be read again.
  package static let maximumDepth = 512
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
