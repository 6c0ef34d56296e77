/// The members of a JSON object in the order in which they were written.
package struct JSONObject: Sendable {
  package struct Member: Sendable {
    package let key: String
    package var value: JSONValue
  }

  package private(set) var members: [Member]

  package init() {
    members = []
  }

  /// Makes an object; of a key that comes twice the last value counts, at the place of the first.
  package init(_ pairs: some Sequence<(String, JSONValue)>) {
    self.init()
    add(pairs)
  }

  /// Takes members whose keys are known to differ.
  init(uniqueMembers: [Member]) {
    members = uniqueMembers
  }

  package var isEmpty: Bool { members.isEmpty }
  package var count: Int { members.count }
  package var keys: [String] { members.map(\.key) }

  /// The value of a key. Setting `nil` removes the member; a new key goes to the end.
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

  /// This object without some members.
  package func removing(_ keys: String...) -> JSONObject {
    JSONObject(uniqueMembers: members.filter { member in !keys.contains { $0.hasSameBytes(as: member.key) } })
  }

  /// This object with the members of another; the other's values win.
  package func merging(_ other: JSONObject) -> JSONObject {
    var merged = self
    merged.add(other.members.lazy.map { ($0.key, $0.value) })
    return merged
  }

  private mutating func add(_ pairs: some Sequence<(String, JSONValue)>) {
    var places = MemberPlaces()
    for (key, value) in pairs {
      if let place = places.find(key, in: members) {
        members[place].value = value
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
  package init(dictionaryLiteral elements: (String, JSONValue)...) {
    self.init(elements)
  }
}
