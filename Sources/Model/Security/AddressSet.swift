/// The addresses of some ranges, found by bisection: a list of denied addresses may be long, and each call asks for it.
struct AddressSet: Sendable {
  /// Ranges without a common address, in ascending order.
  private let four: [ClosedRange<UInt128>]
  private let six: [ClosedRange<UInt128>]

  init(_ ranges: [AddressRange] = []) {
    four = Self.merged(ranges.filter { !$0.isOfSix })
    six = Self.merged(ranges.filter(\.isOfSix))
  }

  private static func merged(_ ranges: [AddressRange]) -> [ClosedRange<UInt128>] {
    var merged: [ClosedRange<UInt128>] = []
    for range in ranges.map(\.numbers).sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = merged.last, range.lowerBound <= last.upperBound {
        merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        merged.append(range)
      }
    }
    return merged
  }

  func contains(_ address: NetworkAddress) -> Bool {
    let (ranges, number) = (address.bytes.count == 16 ? six : four, address.number)
    // The first range that begins above the address.
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].lowerBound <= number { low = middle + 1 } else { high = middle }
    }
    return low > 0 && ranges[low - 1].contains(number)
  }
}

extension NetworkAddress {
  /// The address as a number.
  fileprivate var number: UInt128 { bytes.reduce(0) { $0 << 8 | UInt128($1) } }
}

extension AddressRange {
  fileprivate var isOfSix: Bool { base.bytes.count == 16 }

  /// From the first address to the last one.
  fileprivate var numbers: ClosedRange<UInt128> {
    let free = base.bytes.count * 8 - prefixLength
    let rest: UInt128 = free == 128 ? .max : (1 << UInt128(free)) - 1
    let first = base.number & ~rest
    return first...(first | rest)
  }
}
