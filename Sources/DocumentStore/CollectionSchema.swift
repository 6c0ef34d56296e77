/// A collection's name, and the fields by which it can be searched without a scan.
///
/// Every collection also has a unique index over `_id`. An index covers the documents in which all of its fields are
/// strings.
package struct CollectionSchema: Sendable, Equatable {
  /// An order in which a collection can be listed page by page.
  package enum Order: Sendable, Hashable {
    /// The order in which the documents were inserted.
    case insertion
    /// Ascending by the UTF-8 bytes of a top-level string field. Documents without the field come first.
    case field(String)
  }

  /// The collection's name.
  package let name: String
  /// Groups of top-level fields. No two documents may have the same values in all fields of a group.
  package let unique: [[String]]
  /// Groups of top-level fields by which documents are found through an index; values may repeat.
  package let secondary: [[String]]
  /// The orders that are kept up to date. Any other order is sorted anew for each page.
  package let orders: [Order]

  /// Declares a collection.
  package init(_ name: String, unique: [[String]] = [], secondary: [[String]] = [], orders: [Order] = []) {
    self.name = name
    self.unique = unique
    self.secondary = secondary
    self.orders = orders
  }
}
