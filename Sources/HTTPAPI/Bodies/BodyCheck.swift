import JSON

/// One walk over a body along its model, which collects faults.
///
/// It accepts what Doorman accepts beyond the exact type: digits in a string for an integer, words as `yes` for a
/// boolean.
struct BodyCheck {
  private(set) var faults: [String] = []

  /// Further faults are not reported, so that the first ones are read.
  private static let maximumFaults = 20

  mutating func object(_ value: JSONValue, model: BodyModel, at path: String) -> JSONObject {
    guard let object = value.object else {
      fault(path, "must be a JSON object")
      return JSONObject()
    }
    var checked: [(String, JSONValue)] = []
    for field in model.fields {
      let member = path.isEmpty ? field.name : "\(path).\(field.name)"
      if let value = self.member(object[field.name], field: field, at: member) { checked.append((field.name, value)) }
    }
    return JSONObject(checked)
  }

  private mutating func member(_ value: JSONValue?, field: BodyField, at path: String) -> JSONValue? {
    switch (value, field.presence) {
    case (nil, .required):
      fault(path, "is missing")
      return nil
    case (nil, .omittable), (.null?, .omittable): return nil
    case (nil, .optional): return .null
    case (nil, .default(let value)): return value
    case (.null?, _) where field.isNullable: return .null
    case (let value?, _):
      guard let checked = self.value(value, kind: field.kind, at: path) else { return nil }
      checkLimits(checked, field: field, at: path)
      return checked
    }
  }

  private mutating func value(_ value: JSONValue, kind: BodyField.Kind, at path: String) -> JSONValue? {
    switch kind {
    case .any: return value
    case .string: return value.string.map(JSONValue.string) ?? mismatch(path, "a string")
    case .object: return value.object.map(JSONValue.object) ?? mismatch(path, "an object")
    case .number: return value.number.map(JSONValue.number) ?? mismatch(path, "a number")
    case .integer: return Self.integer(value).map(JSONValue.integer) ?? mismatch(path, "an integer")
    case .boolean: return Self.boolean(value).map(JSONValue.bool) ?? mismatch(path, "true or false")
    case .array(let kind):
      guard let elements = value.array else { return mismatch(path, "an array") }
      var checked: [JSONValue] = []
      for (index, element) in elements.enumerated() {
        if let element = self.value(element, kind: kind, at: "\(path)[\(index)]") { checked.append(element) }
      }
      return .array(checked)
    case .model(let model):
      return .object(object(value, model: model(), at: path))
    case .map(let model):
      guard let members = value.object?.members else { return mismatch(path, "an object") }
      return .object(
        JSONObject(members.map { ($0.key, .object(object($0.value, model: model(), at: "\(path).\($0.key)"))) }))
    }
  }

  private mutating func checkLimits(_ value: JSONValue, field: BodyField, at path: String) {
    if let length = field.length, let count = value.string?.unicodeScalars.count, !length.contains(count) {
      fault(
        path,
        count < length.lowerBound
          ? "must have at least \(length.lowerBound) characters" : "must have at most \(length.upperBound) characters")
    }
    if let what = value.string.flatMap({ field.rule?.fault(in: $0) }) { fault(path, what) }
    if let minimum = field.minimum, let number = value.number, number.double < Double(minimum) {
      fault(path, "must be at least \(minimum)")
    }
    if let (above, most) = field.within, let number = value.number?.double,
      number <= Double(above) || number > Double(most)
    {
      fault(path, "must be greater than \(above) and at most \(most)")
    }
    if let minimum = field.minimumItems, let count = value.array?.count, count < minimum {
      fault(path, "must have at least \(minimum) element\(minimum == 1 ? "" : "s")")
    }
  }

  private mutating func mismatch(_ path: String, _ expected: String) -> JSONValue? {
    fault(path, "must be \(expected)")
    return nil
  }

  private mutating func fault(_ path: String, _ what: String) {
    guard faults.count < Self.maximumFaults else { return }
    faults.append(path.isEmpty ? "the body \(what)" : "'\(path)' \(what)")
  }

  private static func integer(_ value: JSONValue) -> Int? {
    switch value {
    case .number(let number): number.int ?? Int(exactly: number.double)
    case .string(let text): Int(text)
    default: nil
    }
  }

  private static func boolean(_ value: JSONValue) -> Bool? {
    switch value {
    case .bool(let value): value
    case .number(let number): number.double == 1 ? true : number.double == 0 ? false : nil
    case .string(let text):
      switch text.asciiLowercased {
      case "true", "yes", "on", "1", "t", "y": true
      case "false", "no", "off", "0", "f", "n": false
      default: nil
      }
    default: nil
    }
  }
}
