/// A JSON object, with its members in the order in which they were written.
package struct JSONObject: Sendable {
  /// One key and its value.
  package struct Member: Sendable {
    /// The key, unescaped.
    package let key: String
    /// The key's value.
    package var value: JSONValue
  }

  /// The members. All keys differ by their UTF-8 bytes.
  package private(set) var members: [Member]

  /// An object without members.
  package init() {
    members = []
  }

  /// Makes an object. If a key is repeated, the last value is kept, at the position of the first.
  package init(_ pairs: some Sequence<(String, JSONValue)>) {
    self.init()
    add(pairs)
  }

  /// Makes an object of members whose keys are known to differ.
  init(uniqueMembers: [Member]) {
    members = uniqueMembers
  }

  /// Whether the object has no members.
  package var isEmpty: Bool { members.isEmpty }
  /// The number of members.
  package var count: Int { members.count }
  /// The keys, in the order of the members.
  package var keys: [String] { members.map(\.key) }

  /// The value of a key, or `nil` when there is none. Setting `nil` removes the member. A new key is added at the end.
  package subscript(key: String) -> JSONValue? {
    get { index(of: key).map { members[$0].value } }
    set {
      switch (index(of: key), newValue) {
      case (let index?, let value?): members[index].value = value
      case (let index?, nil): members.remove(at: index)
      case (nil, let value?): members.append(Member(key: key, value: value))
      case (nil, nil): break
      }
    }
  }

  /// This object without the members of some keys.
  package func removing(_ keys: String...) -> JSONObject {
    JSONObject(uniqueMembers: members.filter { member in !keys.contains { $0.hasSameBytes(as: member.key) } })
  }

  /// This object with the members of another. If both have a key, the other's value is used.
  package func merging(_ other: JSONObject) -> JSONObject {
    var merged = self
    merged.add(other.members.lazy.map { ($0.key, $0.value) })
    return merged
  }

  private mutating func add(_ pairs: some Sequence<(String, JSONValue)>) {
    var indices = MemberIndices()
    for (key, value) in pairs {
      if let index = indices.find(key, in: members) {
        members[index].value = value
      } else {
        members.append(Member(key: key, value: value))
      }
    }
  }

  private func index(of key: String) -> Int? {
    members.firstIndex { $0.key.hasSameBytes(as: key) }
  }
}

extension JSONObject: Equatable {
  package static func == (left: JSONObject, right: JSONObject) -> Bool {
    guard left.count == right.count else { return false }
    if left.count <= 16 {
      return left.members.allSatisfy { right[$0.key] == $0.value }
    }
    let sortedLeft = left.members.sorted { $0.key.precedesByBytes($1.key) }
    let sortedRight = right.members.sorted { $0.key.precedesByBytes($1.key) }
    return zip(sortedLeft, sortedRight).allSatisfy { $0.key.hasSameBytes(as: $1.key) && $0.value == $1.value }
  }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  /// An object from a literal. If a key is repeated, the last value is kept.
  package init(dictionaryLiteral elements: (String, JSONValue)...) {
    self.init(elements)
  }
}
