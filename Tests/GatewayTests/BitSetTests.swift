import Testing

@testable import Gateway

@Suite("Sets of numbers")
struct BitSetTests {
  @Test("have the numbers that were put in, and no others")
  func members() {
    let numbers = [0, 1, 63, 64, 127, 128, 1000]
    let set = BitSet(numbers)
    for number in 0...1100 { #expect(set.contains(number) == numbers.contains(number), "\(number)") }
    #expect(!BitSet().contains(0))
  }

  @Test("have a number in common only if both contain it")
  func intersection() {
    for (left, right, isCommon) in [
      ([0], [0], true), ([0], [1], false), ([63], [64], false), ([5, 200], [200], true), ([200], [5, 200], true),
      ([200], [5], false), ([], [1], false), ([], [], false),
    ] {
      #expect(BitSet(left).intersects(BitSet(right)) == isCommon, "\(left) \(right)")
      #expect(BitSet(right).intersects(BitSet(left)) == isCommon, "\(right) \(left)")
    }
  }

  @Test("of names give a name its number once, and leave out names that have none")
  func names() {
    var numbers = NameNumbers()
    #expect(numbers.number(for: "a") == 0)
    #expect(numbers.number(for: "b") == 1)
    #expect(numbers.number(for: "a") == 0)
    #expect(numbers.count == 2)
    #expect(numbers.known(["b", "c"]) == BitSet([1]))
    #expect(numbers.known(["c"]) == BitSet())
    #expect(numbers.count == 2)
  }

  @Test("of names tell them apart by their bytes")
  func bytes() {
    var numbers = NameNumbers()
    #expect(numbers.number(for: "r\u{E9}") != numbers.number(for: "re\u{301}"))
  }
}
