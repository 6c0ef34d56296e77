import JSON

extension JSONObject {
  /// The string of a field that names the document. Documents without it are not found, so the empty string never
  /// counts.
  func text(_ field: String) -> String { self[field]?.string ?? "" }

  /// The strings of a list. Anything but a list counts as an empty one.
  func texts(_ field: String) -> [String] { self[field]?.strings ?? [] }

  /// A field that is true or false. It has the standard value when it is absent or null; any other value counts as
  /// false.
  func flag(_ field: String, standard: Bool) -> Bool {
    guard let value = self[field], !value.isNull else { return standard }
    return value.bool == true
  }

  /// The whole number of a field, if it is above zero.
  func positive(_ field: String) -> Int? {
    guard let value = self[field]?.number?.int, value > 0 else { return nil }
    return value
  }

  /// Whether a field is there and not null.
  func has(_ field: String) -> Bool { self[field].map { !$0.isNull } == true }
}
