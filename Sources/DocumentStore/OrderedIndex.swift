import Threads

/// Rows in an order, with their positions: a persistent B-tree whose branches count the rows below them. A page in the
/// middle of a long list costs O(log n).
///
/// The index holds rows only. The caller compares them, since the values are in the documents.
struct OrderedIndex: Sendable {
  private enum Node: Sendable {
    case leaf([Row])
    case branch([Child])
  }

  private struct Child: Sendable {
    var node: Node
    var first: Row
    var count: Int
  }

  private static let leafCapacity = 64
  private static let branchCapacity = 32

  private var root = Node.leaf([])

  var count: Int { Self.count(of: root) }

  init() {}

  /// Builds the index from rows that are already in order.
  init(sorted rows: [Row]) {
    guard rows.count > Self.leafCapacity else {
      root = .leaf(rows)
      return
    }
    let leafFill = Self.leafCapacity * 3 / 4
    var turns = Turns(every: 1 << 16)
    var level = stride(from: 0, to: rows.count, by: leafFill).map { start in
      turns.count(leafFill)
      return Self.child(of: .leaf(Array(rows[start..<min(start + leafFill, rows.count)])))
    }
    while level.count > Self.branchCapacity {
      let fill = Self.branchCapacity * 3 / 4
      level = stride(from: 0, to: level.count, by: fill).map { start in
        Self.child(of: .branch(Array(level[start..<min(start + fill, level.count)])))
      }
    }
    root = .branch(level)
  }

  /// The number of rows that come before a position.
  ///
  /// - Parameter precedes: whether a row of the index comes before that position. It holds for a leading part of the
  ///   rows.
  func rank(_ precedes: (Row) -> Bool) -> Int {
    var node = root
    var rank = 0
    while true {
      switch node {
      case .leaf(let rows): return rank + Self.partition(rows, precedes)
      case .branch(let children):
        let index = Self.descent(children, precedes)
        rank += children[..<index].reduce(0) { $0 + $1.count }
        node = children[index].node
      }
    }
  }

  /// At most `limit` rows from a position on.
  func rows(from offset: Int, limit: Int) -> [Row] {
    var rows: [Row] = []
    Self.collect(root, skipping: offset, limit: limit, into: &rows)
    return rows
  }

  mutating func insert(_ row: Row, _ precedes: (Row) -> Bool) {
    if let sibling = Self.insert(row, into: &root, precedes) {
      let left = root
      root = .branch([Self.child(of: left), Self.child(of: sibling)])
    }
  }

  /// Removes a row. `precedes` tells whether a row of the index comes before it.
  mutating func remove(_ row: Row, _ precedes: (Row) -> Bool) {
    Self.remove(row, from: &root, precedes)
    while case .branch(let children) = root, children.count <= 1 {
      root = children.first?.node ?? .leaf([])
    }
  }
}

extension OrderedIndex {
  private static func count(of node: Node) -> Int {
    switch node {
    case .leaf(let rows): rows.count
    case .branch(let children): children.reduce(0) { $0 + $1.count }
    }
  }

  private static func child(of node: Node) -> Child {
    switch node {
    case .leaf(let rows): Child(node: node, first: rows.first ?? 0, count: rows.count)
    case .branch(let children): Child(node: node, first: children.first?.first ?? 0, count: count(of: node))
    }
  }

  /// The number of leading elements for which `precedes` holds.
  private static func partition<Element>(_ elements: [Element], _ precedes: (Element) -> Bool) -> Int {
    var low = 0
    var high = elements.count
    while low < high {
      let middle = (low + high) / 2
      if precedes(elements[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The index of the child that covers the position: the last child that starts before it.
  private static func descent(_ children: [Child], _ precedes: (Row) -> Bool) -> Int {
    max(0, partition(children) { precedes($0.first) } - 1)
  }

  private static func collect(_ node: Node, skipping offset: Int, limit: Int, into rows: inout [Row]) {
    var offset = offset
    switch node {
    case .leaf(let present): rows.append(contentsOf: present.dropFirst(offset).prefix(limit - rows.count))
    case .branch(let children):
      for child in children where rows.count < limit {
        if offset >= child.count {
          offset -= child.count
        } else {
          collect(child.node, skipping: offset, limit: limit, into: &rows)
          offset = 0
        }
      }
    }
  }

  /// Inserts a row into a node.
  ///
  /// - Returns: the right half when the node had to be split.
  private static func insert(_ row: Row, into node: inout Node, _ precedes: (Row) -> Bool) -> Node? {
    switch node {
    case .leaf(var rows):
      node = .leaf([])
      rows.insert(row, at: partition(rows, precedes))
      let right = split(&rows, above: leafCapacity)
      node = .leaf(rows)
      return right.map(Node.leaf)
    case .branch(var children):
      node = .leaf([])
      let index = descent(children, precedes)
      let sibling = insert(row, into: &children[index].node, precedes)
      children[index] = child(of: children[index].node)
      if let sibling { children.insert(child(of: sibling), at: index + 1) }
      let right = split(&children, above: branchCapacity)
      node = .branch(children)
      return right.map(Node.branch)
    }
  }

  private static func split<Element>(_ elements: inout [Element], above capacity: Int) -> [Element]? {
    guard elements.count > capacity else { return nil }
    let middle = elements.count / 2
    let right = Array(elements[middle...])
    elements.removeSubrange(middle...)
    return right
  }

  private static func remove(_ row: Row, from node: inout Node, _ precedes: (Row) -> Bool) {
    switch node {
    case .leaf(var rows):
      node = .leaf([])
      let index = partition(rows, precedes)
      if index < rows.count, rows[index] == row { rows.remove(at: index) }
      node = .leaf(rows)
    case .branch(var children):
      node = .leaf([])
      // If the row is the first of a child, that child does not start before it: go to that child.
      var index = descent(children, precedes)
      if index + 1 < children.count, children[index + 1].first == row { index += 1 }
      remove(row, from: &children[index].node, precedes)
      children[index] = child(of: children[index].node)
      join(&children, around: index)
      node = .branch(children)
    }
  }

  /// Drops an empty child and joins a small one with a neighbour, so that many deletions leave no chain of single rows.
  private static func join(_ children: inout [Child], around index: Int) {
    if children[index].count == 0 {
      children.remove(at: index)
      return
    }
    let left = index > 0 ? index - 1 : index
    guard left + 1 < children.count else { return }
    switch (children[left].node, children[left + 1].node) {
    case (.leaf(let first), .leaf(let second)) where first.count + second.count <= leafCapacity / 2:
      children.replaceSubrange(left...left + 1, with: [child(of: .leaf(first + second))])
    case (.branch(let first), .branch(let second)) where first.count + second.count <= branchCapacity / 2:
      children.replaceSubrange(left...left + 1, with: [child(of: .branch(first + second))])
    default: break
    }
  }
}
