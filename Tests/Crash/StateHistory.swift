import DocumentStore

/// The states that stores had, each behind the one that it changed.
package struct StateHistory: Sendable {
  private var parents = [0]
  private var nodes: [[UInt8]: Int] = [:]

  init() { nodes[[]] = 0 }

  /// All documents of a store.
  static func contents(_ snapshot: Snapshot) -> [UInt8] {
    var bytes: [UInt8] = []
    for name in snapshot.collections {
      snapshot.forEachDocument(in: name) { document in
        bytes += Array(name.utf8) + [0]
        bytes += document
      }
    }
    return bytes
  }

  /// Adds a state. No state occurs twice, because each change writes a number that no other writes.
  mutating func add(_ contents: [UInt8], after parent: Int) -> Int {
    parents.append(parent)
    nodes[contents] = parents.count - 1
    return parents.count - 1
  }

  /// The number of a state, or `nil` for one that no store had.
  func node(_ contents: [UInt8]) -> Int? { nodes[contents] }

  /// Whether a state is another one, or came from it.
  func leads(from ancestor: Int, to node: Int) -> Bool {
    var node = node
    while node > ancestor { node = parents[node] }
    return node == ancestor
  }
}
