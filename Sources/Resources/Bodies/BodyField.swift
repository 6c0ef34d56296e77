package import JSON

/// One field of a request body: its type, what it is when absent, and its limits.
package struct BodyField: Sendable {
  package indirect enum Kind: Sendable {
    case string
    case integer
    /// An integer or a fraction.
    case number
    case boolean
    case array(of: Kind)
    /// An object of any members.
    case object
    /// Any JSON value.
    case any
    /// An object of a model. A function, since models can nest themselves.
    case model(@Sendable () -> BodyModel)
    /// An object whose members' values are of a model.
    case map(@Sendable () -> BodyModel)
  }

  package enum Presence: Sendable {
    case required
    /// Absent counts as null.
    case optional
    case `default`(JSONValue)
  }

  package let name: String
  package let kind: Kind
  package let presence: Presence
  /// Whether null is taken.
  package let isNullable: Bool
  /// Of strings, in characters (Unicode scalars).
  package let length: ClosedRange<Int>?
  /// Of numbers.
  package let minimum: Int?
  /// Of arrays.
  package let minimumItems: Int?
  /// Of strings that become part of a path.
  package let rule: NameRule?

  init(
    _ name: String, _ kind: Kind, _ presence: Presence, length: ClosedRange<Int>? = nil, minimum: Int? = nil,
    minimumItems: Int? = nil, nullable: Bool = false, rule: NameRule? = nil
  ) {
    self.name = name
    self.kind = kind
    self.presence = presence
    self.length = length
    self.minimum = minimum
    self.minimumItems = minimumItems
    self.rule = rule
    if case .optional = presence { isNullable = true } else { isNullable = nullable }
  }
}

extension BodyField {
  package static func string(
    _ name: String, _ presence: Presence, length: ClosedRange<Int>? = nil, nullable: Bool = false
  ) -> BodyField {
    BodyField(name, .string, presence, length: length, nullable: nullable)
  }

  /// A string that becomes part of a path.
  package static func name(
    _ name: String, _ presence: Presence, length: ClosedRange<Int>, _ rule: NameRule = .segment()
  ) -> BodyField {
    BodyField(name, .string, presence, length: length, rule: rule)
  }

  package static func integer(
    _ name: String, _ presence: Presence, minimum: Int? = nil, nullable: Bool = false
  ) -> BodyField {
    BodyField(name, .integer, presence, minimum: minimum, nullable: nullable)
  }

  package static func number(_ name: String, _ presence: Presence) -> BodyField {
    BodyField(name, .number, presence)
  }

  package static func boolean(_ name: String, _ presence: Presence, nullable: Bool = false) -> BodyField {
    BodyField(name, .boolean, presence, nullable: nullable)
  }

  package static func strings(
    _ name: String, _ presence: Presence, minimumItems: Int? = nil, nullable: Bool = false
  ) -> BodyField {
    BodyField(name, .array(of: .string), presence, minimumItems: minimumItems, nullable: nullable)
  }

  package static func values(_ name: String, _ presence: Presence) -> BodyField {
    BodyField(name, .array(of: .any), presence)
  }

  package static func object(_ name: String, _ presence: Presence) -> BodyField {
    BodyField(name, .object, presence)
  }

  package static func model(
    _ name: String, _ presence: Presence, _ model: @escaping @Sendable () -> BodyModel
  ) -> BodyField {
    BodyField(name, .model(model), presence)
  }

  package static func map(
    _ name: String, _ presence: Presence, of model: @escaping @Sendable () -> BodyModel
  ) -> BodyField {
    BodyField(name, .map(model), presence)
  }
}
