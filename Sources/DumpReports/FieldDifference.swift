import JSON

/// One field that differs between two versions of a document. It never has a secret's value.
struct FieldDifference: Equatable {
  /// The keys from the document's top.
  let path: [String]
  /// The value before, or `nil` when there was none or it is a secret.
  let before: JSONValue?
  /// The value after, or `nil` when there is none or it is a secret.
  let after: JSONValue?
  /// The change, which a secret's field tells, too.
  let kind: Kind
  /// Whether the value is a secret, or a secret inside of it changed.
  let isSecret: Bool

  enum Kind: String {
    case added, changed, removed
  }

  /// The fields that differ, in the order of the version before, and then those that only the other has.
  static func all(
    _ before: JSONObject, _ after: JSONObject, in collection: String, _ guide: DocumentGuide, below path: [String] = []
  ) -> [FieldDifference] {
    let keys = before.keys + after.keys.filter { before[$0] == nil }
    return keys.flatMap { key -> [FieldDifference] in
      let (old, new, path) = (before[key], after[key], path + [key])
      guard old != new else { return [] }
      let isHidden = [old, new].compactMap(\.self).contains { guide.hides($0, path, collection) }
      if !isHidden, let old = old?.object, let new = new?.object {
        return all(old, new, in: collection, guide, below: path)
      }
      let kind: Kind = old == nil ? .added : new == nil ? .removed : .changed
      guard !isHidden else {
        return [FieldDifference(path: path, before: nil, after: nil, kind: kind, isSecret: true)]
      }
      let (shownOld, shownNew) = (
        old.map { guide.masked($0, at: path, in: collection) }, new.map { guide.masked($0, at: path, in: collection) }
      )
      return [
        FieldDifference(path: path, before: shownOld, after: shownNew, kind: kind, isSecret: shownOld == shownNew)
      ]
    }
  }

  /// One line for a terminal.
  var line: String {
    let name = path.map(TerminalText.word).joined(separator: ".")
    switch (before, after) {
    case (nil, nil): return "\(name): a secret, \(kind.rawValue)"
    case (nil, let new?): return "\(name): added \(TerminalText.shortJSON(new))"
    case (let old?, nil): return "\(name): removed \(TerminalText.shortJSON(old))"
    case (let old?, let new?):
      if isSecret { return "\(name): \(TerminalText.shortJSON(new)), in which a secret changed" }
      return "\(name): \(Self.change(old, new))"
    }
  }

  /// The elements that a list of texts gained and lost, or both values.
  private static func change(_ old: JSONValue, _ new: JSONValue) -> String {
    guard let old = old.texts, let new = new.texts else {
      let (left, right) = (TerminalText.shortJSON(old), TerminalText.shortJSON(new))
      return left.hasSameBytes(as: right) ? "\(left), changed behind what is shown" : "\(left) -> \(right)"
    }
    let (lost, gained) = (old.without(new), new.without(old))
    guard !lost.isEmpty || !gained.isEmpty else { return "the order of its \(new.count) elements changed" }
    let parts =
      gained.map { "+\(TerminalText.shortJSON(.string($0)))" }
      + lost.map { "-\(TerminalText.shortJSON(.string($0)))" }
    return parts.joined(separator: " ")
  }

  /// The object that `--json` prints. A secret has no values.
  var json: JSONValue {
    var object: JSONObject = ["path": .strings(path), "change": .string(kind.rawValue), "secret": .bool(isSecret)]
    if let before { object["before"] = before }
    if let after { object["after"] = after }
    return .object(object)
  }
}

extension JSONValue {
  /// The elements of a list that has nothing but texts.
  fileprivate var texts: [String]? {
    guard let array, let strings, strings.count == array.count else { return nil }
    return strings
  }
}

extension [String] {
  /// The elements that another list has not, or not as often.
  fileprivate func without(_ others: [String]) -> [String] {
    var left = Dictionary(others.map { (UTF8Key($0), 1) }, uniquingKeysWith: +)
    return filter { text in
      guard let count = left[UTF8Key(text)], count > 0 else { return true }
      left[UTF8Key(text)] = count - 1
      return false
    }
  }
}
