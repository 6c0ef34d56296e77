package import JSON

/// A condition on documents, with the operators of MongoDB's queries.
package enum Filter: Sendable {
  case everything
  /// Top-level string fields have these values. Indexes serve this case.
  case fields(KeyValuePairs<String, String>)
  /// `{"path": value}`: the value at the path equals the given one. A missing field equals nothing, not even null.
  case equals(FieldPath, JSONValue)
  /// `$in`: the value at the path equals one of the given ones.
  case isOneOf(FieldPath, [JSONValue])
  /// The value at the path is an array with an equal element.
  case contains(FieldPath, JSONValue)
  /// `$and`: the document matches every filter.
  case all([Filter])
  /// `$or`: the document matches at least one filter.
  case any([Filter])
}

extension Filter {
  /// Whether the document matches the filter.
  package func matches(_ document: Document) -> Bool {
    switch self {
    case .everything: true
    case .fields(let values): values.allSatisfy { document.holds($0.value, inField: $0.key) }
    case .equals(let path, let value): document.value(path) == value
    case .isOneOf(let path, let values): document.value(path).map(values.contains) ?? false
    case .contains(let path, let value): document.value(path)?.array?.contains(value) ?? false
    case .all(let filters): filters.allSatisfy { $0.matches(document) }
    case .any(let filters): filters.contains { $0.matches(document) }
    }
  }
}

extension Filter {
  /// The rows that may match, found through indexes and in ascending order, or `nil` when a scan is necessary.
  func candidates(in collection: DocumentCollection) -> RowList? {
    switch self {
    case .any(let filters):
      var rows: Set<Row> = []
      for filter in filters {
        guard let part = filter.candidates(in: collection) else { return nil }
        rows.formUnion(part)
      }
      return .many(rows.sorted())
    case .all(let filters):
      if let rows = collection.candidates(requiredStrings) { return rows }
      return filters.lazy.compactMap { $0.candidates(in: collection) }.first
    case .isOneOf(let path, let values):
      return Filter.any(values.map { .equals(path, $0) }).candidates(in: collection)
    case .fields(let values):
      return collection.candidates(values)
    case .equals:
      return collection.candidates(requiredStrings)
    case .everything, .contains:
      return nil
    }
  }

  /// Top-level fields that equal a string in every document that matches this filter.
  private var requiredStrings: [(key: String, value: String)] {
    switch self {
    case .fields(let values): values.map { ($0.key, $0.value) }
    case .equals(let path, .string(let value)): path.topLevelField.map { [($0, value)] } ?? []
    case .all(let filters): filters.flatMap(\.requiredStrings)
    default: []
    }
  }
}
