import Glibc
package import JSON

/// A JSON object, kept as compact bytes in one piece of memory. It is parsed only when a caller reads its fields.
package struct Document: Sendable {
  /// Compact JSON, as `JSONWriter` writes it.
  package let bytes: [UInt8]

  /// Encodes an object as compact JSON.
  package init(_ object: JSONObject) {
    bytes = JSONWriter.bytes(object)
  }

  /// Imports an object from outside, and rewrites it as compact JSON with one spelling for each value.
  ///
  /// - Parameter compactor: one compactor for all documents of a dump; it allows `maximumDepth`.
  /// - Throws: `JSONError` when the bytes are not one JSON object.
  package init(importing source: UnsafeRawBufferPointer, with compactor: inout JSONCompactor) throws(JSONError) {
    bytes = try compactor.compact(source)
  }

  /// Takes compact JSON that `JSONWriter` or `JSONCompactor` wrote, such as that of an authentic log.
  init(trusted bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// The document's members.
  package var object: JSONObject { Self.ownValue(bytes)?.object ?? JSONObject() }

  /// The string in a top-level field, or `nil` when the field is missing or is not a string. The rest is not parsed.
  package func string(_ field: String) -> String? {
    value(FieldPath(field: field))?.string
  }

  /// The value at a path, or `nil` when there is none. Only that value is parsed.
  package func value(_ path: FieldPath) -> JSONValue? {
    guard let first = path.components.first else { return nil }
    let top: JSONValue? = bytes.withUnsafeBytes { raw in
      JSONWriter.withContent(of: first) { CompactJSON.rangeOfValue(forKey: $0, in: raw) }
        .flatMap { Self.ownValue(raw[$0]) }
    }
    guard path.components.count > 1 else { return top }
    return JSONValue.object(JSONObject([(first, top ?? .null)])).value(at: path)
  }

  /// The string in `_id`, or `nil` when the document has no string there.
  package var id: String? { string("_id") }

  /// The greatest nesting depth of an imported document. Requests have a lower limit.
  package static let maximumDepth = 512

  /// Parses bytes that `JSONWriter` or `JSONCompactor` wrote. A strict parser accepts them at any depth, and a document
  /// holds no other bytes, so `nil` does not occur.
  private static func ownValue(_ bytes: some Collection<UInt8>) -> JSONValue? {
    try? JSONParser(maximumDepth: .max).parse(bytes)
  }
}

extension Document {
  /// Whether a top-level field is this string. The bytes are compared without parsing.
  func holds(_ value: String, inField field: String) -> Bool {
    JSONWriter.withContent(of: field) { key in
      JSONWriter.withContent(of: value) { holds($0, in: key) }
    }
  }

  /// Whether a top-level field is a string with this content.
  ///
  /// - Parameters:
  ///   - expected: as it is written between its quotes, and so is `key` (`JSONWriter.content(of:)`).
  func holds(_ expected: UnsafeRawBufferPointer, in key: [UInt8]) -> Bool {
    key.withUnsafeBytes { holds(expected, in: $0) }
  }

  private func holds(_ expected: UnsafeRawBufferPointer, in key: UnsafeRawBufferPointer) -> Bool {
    withStringContent(of: key) { content in
      guard let content, content.count == expected.count else { return false }
      guard let left = content.baseAddress, let right = expected.baseAddress else { return true }
      return memcmp(left, right, content.count) == 0
    }
  }

  /// Calls `body` with the bytes between the quotes of a top-level string field, still escaped as in JSON. It passes
  /// `nil` when the field is missing or is not a string.
  ///
  /// - Parameter key: as it is written between its quotes (`JSONWriter.content(of:)`).
  func withStringContent<Value>(of key: [UInt8], _ body: (UnsafeRawBufferPointer?) -> Value) -> Value {
    key.withUnsafeBytes { withStringContent(of: $0, body) }
  }

  private func withStringContent<Value>(
    of key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) -> Value
  ) -> Value {
    bytes.withUnsafeBytes { raw in
      guard let range = CompactJSON.rangeOfValue(forKey: key, in: raw),
        let content = CompactJSON.stringContent(range, in: raw)
      else { return body(nil) }
      return body(UnsafeRawBufferPointer(rebasing: raw[content]))
    }
  }
}
