import DocumentStore
import JSON

/// A simple model of the store for comparison: lists of documents and scans.
struct NaiveModel {
  static let schema = CollectionSchema(
    "things", unique: [["name"], ["kind", "label"]], secondary: [["group"]], orders: [.insertion, .field("name")])

  private(set) var documents: [JSONObject] = []

  mutating func insert(_ document: JSONObject) -> Bool {
    guard !conflicts(document, except: nil) else { return false }
    documents.append(document)
    return true
  }

  mutating func replace(_ id: String, with document: JSONObject) -> Bool {
    guard let index = documents.firstIndex(where: { $0["_id"] == .string(id) }) else { return true }
    guard !conflicts(document, except: index) else { return false }
    documents[index] = document
    return true
  }

  mutating func remove(_ id: String) {
    documents.removeAll { $0["_id"] == .string(id) }
  }

  func find(_ field: String, _ value: JSONValue) -> [JSONObject] {
    documents.filter { $0[field] == value }
  }

  var byName: [JSONObject] {
    documents.enumerated().sorted { left, right in
      let (a, b) = (left.element["name"]?.string, right.element["name"]?.string)
      switch (a, b) {
      case (nil, nil): return left.offset < right.offset
      case (nil, _): return true
      case (_, nil): return false
      case (let a?, let b?): return a.hasSameBytes(as: b) ? left.offset < right.offset : a.precedesByBytes(b)
      }
    }.map(\.element)
  }

  private func conflicts(_ document: JSONObject, except index: Int?) -> Bool {
    for fields in [["_id"]] + NaiveModel.schema.unique {
      let wanted = fields.compactMap { document[$0]?.string }
      guard wanted.count == fields.count else { continue }
      for (other, candidate) in documents.enumerated() where other != index {
        let values = fields.compactMap { candidate[$0]?.string }
        if values.count == fields.count, zip(values, wanted).allSatisfy({ $0.hasSameBytes(as: $1) }) { return true }
      }
    }
    return false
  }
}
