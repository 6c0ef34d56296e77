/// Where the keys of an object are among its members: a look at each in a small object, a dictionary in a larger one, so
/// that a hostile object of 100,000 keys costs no quadratic time.
struct MemberPlaces {
  private static let smallObject = 16

  private var places: [UTF8Key: Int] = [:]

  /// Finds the member of a key, or notes that the key comes next.
  ///
  /// - Parameter members: those that there are, in which no key comes twice; the same as before, and more.
  /// - Returns: `nil` when there is none.
  mutating func find(_ key: String, in members: [JSONObject.Member]) -> Int? {
    if members.count < Self.smallObject { return members.firstIndex { $0.key.hasSameBytes(as: key) } }
    if places.count < members.count {
      for (place, member) in members.enumerated() { places[UTF8Key(member.key)] = place }
    }
    let key = UTF8Key(key)
    if let place = places[key] { return place }
    places[key] = members.count
    return nil
  }
}
