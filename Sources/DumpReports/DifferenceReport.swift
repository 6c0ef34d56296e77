package import JSON

/// The differences of one collection between two states. Documents are parsed one at a time.
package struct CollectionDifferences {
  /// One document that differs.
  package enum Difference {
    case removed(JSONObject)
    case changed(before: JSONObject, after: JSONObject)
    case added(JSONObject)
  }

  /// The collection's name.
  package let name: String
  /// The numbers of documents.
  package let removed, changed, added: Int
  /// Calls its argument with each document: those removed, those changed, those added.
  package let forEach: ((Difference) -> Void) -> Void

  /// Differences of these values.
  package init(
    name: String, removed: Int, changed: Int, added: Int, forEach: @escaping ((Difference) -> Void) -> Void
  ) {
    self.name = name
    self.removed = removed
    self.changed = changed
    self.added = added
    self.forEach = forEach
  }
}

/// The output of `diff`: which documents differ between two states, field by field, and without secrets.
package struct DifferenceReport {
  /// One of the two states.
  package struct State: Sendable {
    /// The dump's file, or the one with which the state of a moment begins.
    package let path: String
    /// The place in the journals, such as `3-17.204`, or `nil` for the state of a dump.
    package let sequence: String?
    /// The time of the state in RFC 3339, or `nil` when it is unknown.
    package let createdAt: String?
    /// The number of documents.
    package let documents: Int

    /// A state of these values.
    package init(path: String, sequence: String? = nil, createdAt: String?, documents: Int) {
      self.path = path
      self.sequence = sequence
      self.createdAt = createdAt
      self.documents = documents
    }

    var line: String {
      let time = createdAt.map { " of \(TerminalText.line($0))" } ?? ""
      let place = sequence.map { "@\($0)" } ?? ""
      return "\(TerminalText.line(path))\(place)  \(documents) documents\(time)"
    }

    var json: JSONValue {
      .object([
        "path": .string(path), "sequence": .text(sequence), "created_at": .text(createdAt),
        "documents": .integer(documents),
      ])
    }
  }

  private let before, after: State
  private let collections: [CollectionDifferences]
  private let guide: DocumentGuide

  /// A report of the collections that differ.
  package init(from before: State, to after: State, _ collections: [CollectionDifferences], guide: DocumentGuide) {
    self.before = before
    self.after = after
    self.collections = collections
    self.guide = guide
  }

  /// Whether both states have the same documents.
  package var isSame: Bool { collections.isEmpty }

  private var removed: Int { collections.reduce(0) { $0 + $1.removed } }
  private var changed: Int { collections.reduce(0) { $0 + $1.changed } }
  private var added: Int { collections.reduce(0) { $0 + $1.added } }

  private static func counts(removed: Int, changed: Int, added: Int) -> String {
    let counts = [(removed, "removed"), (changed, "changed"), (added, "added")]
    return counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
  }
}

// MARK: - Text

extension DifferenceReport {
  /// Writes lines for a terminal, one at a time, because there may be millions.
  package func writeText(_ line: (String) -> Void) {
    line("from  \(before.line)")
    line("to    \(after.line)")
    for collection in collections {
      let counts = Self.counts(removed: collection.removed, changed: collection.changed, added: collection.added)
      line("\(TerminalText.word(collection.name))  \(counts)")
      collection.forEach { difference in
        switch difference {
        case .removed(let document): write("-", document, of: collection.name, line)
        case .added(let document): write("+", document, of: collection.name, line)
        case .changed(let old, let new):
          line("  ~ \(guide.name(of: old, in: collection.name).text)")
          for field in FieldDifference.all(old, new, in: collection.name, guide) { line("      \(field.line)") }
        }
      }
    }
    line(isSame ? "no difference" : Self.counts(removed: removed, changed: changed, added: added))
  }

  private func write(_ mark: String, _ document: JSONObject, of collection: String, _ line: (String) -> Void) {
    line("  \(mark) \(guide.name(of: document, in: collection).text)")
    for member in document.members {
      let isHidden = guide.hides(member.value, [member.key], collection)
      let value =
        isHidden ? "a secret" : TerminalText.shortJSON(guide.masked(member.value, at: [member.key], in: collection))
      line("      \(TerminalText.word(member.key)): \(value)")
    }
  }
}

// MARK: - JSON

extension DifferenceReport {
  /// Writes one JSON object in parts, one document at a time.
  package func writeJSON(_ part: (String) -> Void) {
    part("{\"from\":\(TerminalText.json(before.json)),\"to\":\(TerminalText.json(after.json)),\"same\":\(isSame),")
    part("\"removed\":\(removed),\"changed\":\(changed),\"added\":\(added),\"collections\":[")
    for (index, collection) in collections.enumerated() {
      part(index > 0 ? "," : "")
      part("{\"name\":\(TerminalText.json(.string(collection.name))),\"documents\":[")
      var isFirst = true
      collection.forEach { difference in
        part((isFirst ? "" : ",") + TerminalText.json(.object(object(difference, in: collection.name))))
        isFirst = false
      }
      part("]}")
    }
    part("]}\n")
  }

  private func object(_ difference: CollectionDifferences.Difference, in collection: String) -> JSONObject {
    switch difference {
    case .removed(let document): whole("removed", document, collection)
    case .added(let document): whole("added", document, collection)
    case .changed(let old, let new):
      JSONObject(
        [("change", .string("changed"))] + guide.name(of: old, in: collection).fields + [
          ("fields", .array(FieldDifference.all(old, new, in: collection, guide).map(\.json)))
        ])
    }
  }

  private func whole(_ change: String, _ document: JSONObject, _ collection: String) -> JSONObject {
    let masked = guide.masked(.object(document), at: [], in: collection)
    return JSONObject(
      [("change", .string(change))] + guide.name(of: document, in: collection).fields + [("document", masked)])
  }
}
