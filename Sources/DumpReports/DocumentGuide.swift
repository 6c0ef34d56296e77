package import JSON

/// The knowledge of documents that reports need: their names, and what must not be shown.
package struct DocumentGuide: Sendable {
  /// The fields by which people know a document of a collection.
  package let nameFields: @Sendable (_ collection: String) -> [String]
  /// Whether the value at a path of a document of a collection is a secret.
  package let hides: @Sendable (_ value: JSONValue, _ path: [String], _ collection: String) -> Bool
  /// A text without the secrets in it.
  package let maskedText: @Sendable (_ text: String) -> String

  /// A guide of these functions.
  package init(
    nameFields: @escaping @Sendable (_ collection: String) -> [String],
    hides: @escaping @Sendable (_ value: JSONValue, _ path: [String], _ collection: String) -> Bool,
    maskedText: @escaping @Sendable (_ text: String) -> String
  ) {
    self.nameFields = nameFields
    self.hides = hides
    self.maskedText = maskedText
  }

  /// The name of a document.
  package func name(of document: JSONObject, in collection: String) -> DocumentName {
    let fields = nameFields(collection)
    let parts = fields.compactMap { document[$0]?.string }
    return DocumentName(parts: parts.count == fields.count ? parts : [], id: document["_id"]?.string)
  }

  /// The text that stands for a value in JSON when it is a secret.
  static let mask = JSONValue.string("***")

  /// A value without the secrets in it.
  func masked(_ value: JSONValue, at path: [String], in collection: String) -> JSONValue {
    if hides(value, path, collection) { return Self.mask }
    switch value {
    case .null, .bool, .number: return value
    case .string(let text): return .string(maskedText(text))
    case .array(let elements): return .array(elements.map { masked($0, at: path, in: collection) })
    case .object(let object):
      return .object(
        JSONObject(object.members.map { ($0.key, masked($0.value, at: path + [$0.key], in: collection)) }))
    }
  }
}

/// The name by which people know a document.
package struct DocumentName: Sendable, Equatable {
  /// The values of its name's fields, or none when it has not all of them.
  package let parts: [String]
  /// The document's `_id`.
  package let id: String?

  /// A name of these values.
  package init(parts: [String], id: String?) {
    self.parts = parts
    self.id = id
  }

  /// The name for a terminal.
  package var text: String {
    if !parts.isEmpty { return parts.map(TerminalText.word).joined(separator: " ") }
    return id.map { "_id \(TerminalText.word($0))" } ?? "a document without a name"
  }

  /// The members that name a document in JSON.
  package var fields: [(String, JSONValue)] {
    [
      ("name", parts.isEmpty ? .null : .strings(parts)), ("id", .text(id)),
    ]
  }
}
