/// The indices of an object's members by their keys. In a small object each member is compared; a larger one uses a
/// dictionary, so that a hostile object of 100,000 keys does not take quadratic time.
struct MemberIndices {
  private static let smallObject = 16

  private var indices: [UTF8Key: Int] = [:]

  /// Finds the member with a key, or records that the next member has this key.
  ///
  /// - Parameter members: the members so far, whose keys differ. Between calls members may only be appended.
  /// - Returns: the member's index, or `nil` when there is none.
  mutating func find(_ key: String, in members: [JSONObject.Member]) -> Int? {
    if members.count < Self.smallObject { return members.firstIndex { $0.key.hasSameBytes(as: key) } }
    if indices.count < members.count {
      for (index, member) in members.enumerated() { indices[UTF8Key(member.key)] = index }
    }
    let key = UTF8Key(key)
    if let index = indices[key] { return index }
    indices[key] = members.count
    return nil
  }
}
