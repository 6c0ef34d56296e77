import Model

/// Counts the connections of each address. An address that has some has a number, so that it is looked up when a
/// connection comes, and not with each thing that the connection does.
struct AddressHoldings: Sendable {
  /// The idle connections of each address, by its number.
  var idle: [SlotChain.Ends] = []
  private var counts: [Int] = []
  private var addresses: [NetworkAddress?] = []
  private var numbers: [NetworkAddress?: Int] = [:]
  /// Numbers of addresses that have no connection any more.
  private var free: [Int] = []

  /// - Returns: the number of an address and how many connections it has, or `nil` when it has none.
  func holding(of address: NetworkAddress?) -> (number: Int, count: Int)? {
    numbers[address].map { (number: $0, count: counts[$0]) }
  }

  /// Counts a connection that comes.
  ///
  /// - Returns: the number of its address.
  mutating func add(_ address: NetworkAddress?) -> Int {
    if let number = numbers[address] {
      counts[number] += 1
      return number
    }
    let number = newNumber()
    numbers[address] = number
    addresses[number] = address
    counts[number] = 1
    return number
  }

  /// Forgets a connection, which is in no list any more.
  mutating func remove(_ number: Int) {
    counts[number] -= 1
    guard counts[number] == 0 else { return }
    numbers[addresses[number]] = nil
    addresses[number] = nil
    free.append(number)
  }

  private mutating func newNumber() -> Int {
    if let number = free.popLast() { return number }
    idle.append(SlotChain.Ends())
    counts.append(0)
    addresses.append(nil)
    return counts.count - 1
  }
}
