/// What a collection is called and which of its fields can be found without a scan.
///
/// Every collection has a unique index over `_id` besides those that are declared here. Indexes cover documents in which
/// all of the index's fields are strings.
package struct CollectionSchema: Sendable, Equatable {
  /// How the rows of a collection can be listed page by page.
  package enum Order: Sendable, Hashable {
    /// The order in which the documents came.
    case insertion
    /// By the UTF-8 bytes of a top-level string field; documents without it come first.
    case field(String)
  }

  package let name: String
  /// Groups of top-level fields of which no two documents may have the same values.
  package let unique: [[String]]
  /// Groups of top-level fields by which documents are looked up.
  package let secondary: [[String]]
  package let orders: [Order]

  package init(_ name: String, unique: [[String]] = [], secondary: [[String]] = [], orders: [Order] = []) {
    self.name = name
    self.unique = unique
    self.secondary = secondary
    self.orders = orders
  }
}
