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
    #expect(numbers.take("a") == 0)
    #expect(numbers.take("b") == 1)
    #expect(numbers.take("a") == 0)
    #expect(numbers.count == 2)
    #expect(numbers.known(["b", "c"]) == BitSet([1]))
    #expect(numbers.known(["c"]) == BitSet())
    #expect(numbers.count == 2)
  }

  @Test("of names give the number of a name that is not used any more to another one, and tell both times")
  func reuse() {
    var numbers = NameNumbers()
    for name in ["a", "b", "a"] { _ = numbers.take(name) }
    let version = numbers.version
    numbers.giveBack("a")
    numbers.giveBack("unknown")
    #expect(numbers.version == version && numbers.known(["a"]) == BitSet([0]), "it is used once more")
    numbers.giveBack("a")
    #expect(numbers.version == version + 1 && numbers.known(["a"]) == BitSet())
    #expect(numbers.take("c") == 0 && numbers.take("d") == 2 && numbers.version == version + 3)
    var anew = NameNumbers(after: numbers)
    #expect(anew.count == 0 && anew.take("d") == 0 && anew.version > numbers.version)
  }

  @Test("of names tell them apart by their bytes")
  func bytes() {
    var numbers = NameNumbers()
    #expect(numbers.take("r\u{E9}") != numbers.take("re\u{301}"))
  }
}
