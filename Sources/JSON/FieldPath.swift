/// A dotted path of fields, such as `custom_attributes.team` or `credit_tiers.0.credits`. A number is an array's index.
package struct FieldPath: Sendable, Equatable, CustomStringConvertible {
  /// The names on the path, from the top level down. A path has at least one.
  package let components: [String]

  /// - Throws: `JSONError` `invalidPath` for an empty path or one with an empty component.
  package init(_ text: String) throws(JSONError) {
    // The text is split by bytes, because Swift regards a dot followed by a combining accent as one character.
    let components = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map {
      String(Substring($0))
    }
    guard components.allSatisfy({ !$0.isEmpty }) else { throw JSONError(.invalidPath, at: 0, text) }
    self.components = components
  }

  /// A path to one field at the top level, whose name may contain any characters.
  package init(field: String) {
    components = [field]
  }

  /// The names, joined by dots.
  package var description: String { components.joined(separator: ".") }

  package static func == (left: FieldPath, right: FieldPath) -> Bool {
    left.components.elementsEqual(right.components) { $0.hasSameBytes(as: $1) }
  }

  /// The name of a top-level field, or `nil` when the path goes deeper.
  package var topLevelField: String? { components.count == 1 ? components[0] : nil }
}

extension FieldPath: ExpressibleByStringLiteral {
  /// A path from a literal. Every dot separates two names.
  package init(stringLiteral value: String) {
    components = value.utf8.split(separator: UInt8(ascii: ".")).map { String(Substring($0)) }
  }
}

extension JSONValue {
  /// The value at a path, or `nil` when a field on the way is missing.
  package func value(at path: FieldPath) -> JSONValue? {
    path.components.reduce(into: Optional(self)) { value, component in
      switch value {
      case .object(let object)?: value = object[component]
      case .array(let elements)?:
        value = Int(component).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
      default: value = nil
      }
    }
  }

  /// Changes the value at a path with a function from the present value (`nil` when missing) to the next (`nil` to
  /// remove it).
  ///
  /// Missing objects on the way are created when a value is set. Any other value on the way is an error, because
  /// overwriting it would lose data.
  mutating func update(
    at path: ArraySlice<String>, of whole: FieldPath, _ change: (JSONValue?) throws(JSONError) -> JSONValue?
  ) throws(JSONError) {
    guard let component = path.first else { return }
    let rest = path.dropFirst()
    switch self {
    case .object(var object):
      if rest.isEmpty {
        object[component] = try change(object[component])
      } else {
        let present = object[component]
        var child = present ?? .object(JSONObject())
        try child.update(at: rest, of: whole, change)
        if present != nil || child != .object(JSONObject()) { object[component] = child }
      }
      self = .object(object)
    case .array(var elements):
      guard let index = Int(component), elements.indices.contains(index) else {
        throw JSONError(
          .typeMismatch, at: 0, "'\(whole)' does not lead to an element of the array before '\(component)'")
      }
      if rest.isEmpty {
        elements[index] = try change(elements[index]) ?? .null
      } else {
        try elements[index].update(at: rest, of: whole, change)
      }
      self = .array(elements)
    default:
      throw JSONError(.typeMismatch, at: 0, "'\(whole)' leads through a value that is neither object nor array")
    }
  }
}
