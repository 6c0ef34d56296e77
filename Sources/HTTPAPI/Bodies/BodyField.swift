package import JSON

/// One field of a request body: its type, what it is when absent, and its limits.
package struct BodyField: Sendable {
  /// The type of a field.
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

  /// The value of a field that is absent.
  package enum Presence: Sendable {
    case required
    /// Absent counts as null.
    case optional
    /// Absent and null stay absent, so that the answer has no member that earlier versions did not have.
    case omittable
    case `default`(JSONValue)
  }

  /// The name of the field.
  package let name: String
  /// The type of the field.
  package let kind: Kind
  /// The value of the field when it is absent.
  package let presence: Presence
  /// Whether null is allowed.
  package let isNullable: Bool
  /// The length of a string, in characters (Unicode scalars).
  package let length: ClosedRange<Int>?
  /// The smallest number.
  package let minimum: Int?
  /// A number must be above the first and at most the second.
  package let within: (above: Int, most: Int)?
  /// The smallest number of elements of an array.
  package let minimumItems: Int?
  /// The rule for a string that becomes part of a path.
  package let rule: NameRule?

  /// A field of any type and limits.
  package init(
    _ name: String, _ kind: Kind, _ presence: Presence, length: ClosedRange<Int>? = nil, minimum: Int? = nil,
    within: (above: Int, most: Int)? = nil, minimumItems: Int? = nil, nullable: Bool = false, rule: NameRule? = nil
  ) {
    self.name = name
    self.kind = kind
    self.presence = presence
    self.length = length
    self.minimum = minimum
    self.within = within
    self.minimumItems = minimumItems
    self.rule = rule
    switch presence {
    case .optional, .omittable: isNullable = true
    case .required, .default: isNullable = nullable
    }
  }
}

extension BodyField {
  /// A string.
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

  /// An integer.
  package static func integer(
    _ name: String, _ presence: Presence, minimum: Int? = nil, nullable: Bool = false
  ) -> BodyField {
    BodyField(name, .integer, presence, minimum: minimum, nullable: nullable)
  }

  /// An integer or a fraction.
  package static func number(_ name: String, _ presence: Presence) -> BodyField {
    BodyField(name, .number, presence)
  }

  /// A time in seconds, also with a fraction: above 0, and at most a day.
  package static func seconds(_ name: String, _ presence: Presence) -> BodyField {
    BodyField(name, .number, presence, within: (0, 86_400))
  }

  /// A boolean.
  package static func boolean(_ name: String, _ presence: Presence, nullable: Bool = false) -> BodyField {
    BodyField(name, .boolean, presence, nullable: nullable)
  }

  /// An array of strings.
  package static func strings(
    _ name: String, _ presence: Presence, minimumItems: Int? = nil, nullable: Bool = false
  ) -> BodyField {
    BodyField(name, .array(of: .string), presence, minimumItems: minimumItems, nullable: nullable)
  }

  /// An array of any values.
  package static func values(_ name: String, _ presence: Presence) -> BodyField {
    BodyField(name, .array(of: .any), presence)
  }

  /// An object of any members.
  package static func object(_ name: String, _ presence: Presence) -> BodyField {
    BodyField(name, .object, presence)
  }

  /// An object of a model.
  package static func model(
    _ name: String, _ presence: Presence, _ model: @escaping @Sendable () -> BodyModel
  ) -> BodyField {
    BodyField(name, .model(model), presence)
  }

  /// An object whose members are of a model.
  package static func map(
    _ name: String, _ presence: Presence, of model: @escaping @Sendable () -> BodyModel
  ) -> BodyField {
    BodyField(name, .map(model), presence)
  }
}
