/// A dotted path of fields, as `custom_attributes.team` or `credit_tiers.0.credits`; a number is an array's index.
package struct FieldPath: Sendable, Equatable, CustomStringConvertible {
  package let components: [String]

  /// - Throws: `JSONError` `invalidPath` for an empty path or one with an empty component.
  package init(_ text: String) throws(JSONError) {
    // By bytes: a dot with a combining accent behind it is one character of Swift's.
    let components = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map {
      String(Substring($0))
    }
    guard components.allSatisfy({ !$0.isEmpty }) else { throw JSONError(.invalidPath, at: 0, text) }
    self.components = components
  }

  /// One field at the top level, whatever characters are in its name.
  package init(field: String) {
    components = [field]
  }

  package var description: String { components.joined(separator: ".") }

  package static func == (left: FieldPath, right: FieldPath) -> Bool {
    left.components.elementsEqual(right.components) { $0.hasSameBytes(as: $1) }
  }

  /// The name of the field when the path goes no deeper than the top level.
  package var topLevelField: String? { components.count == 1 ? components[0] : nil }
}

extension FieldPath: ExpressibleByStringLiteral {
  /// A path that is written in the source; every dot divides.
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

  /// Changes the value at a path through a function from the present value (`nil`: missing) to the next (`nil`: remove).
  ///
  /// Objects on the way are made where they are missing and a value is to be set; anything else on the way is an error,
  /// since overwriting it would lose data.
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
