import Retention

/// The rules of retention once more, each as a sentence about sets and without regard for speed.
///
/// Places are those in `dumps`, newest first.
struct NaiveRetention {
  let flagged: [Int]
  let counting: [Int]
  let keptCounting: [Int]
  let removed: [Int]

  init(_ dumps: [JudgedDump], _ policy: RetentionPolicy, now: Int, accepted: Set<String>, removesDamaged: Bool) {
    var flagged: [Int] = []
    var sane: [Int] = []
    for place in stride(from: dumps.count - 1, through: 0, by: -1) {
      guard case .good(let documents) = dumps[place].verdict else { continue }
      if let before = sane.last, documents * 2 < before, !accepted.contains(dumps[place].name) {
        flagged.append(place)
      } else {
        sane.append(documents)
      }
    }
    let counting = (0..<dumps.count).filter { place in
      guard case .good = dumps[place].verdict else { return false }
      return dumps[place].createdAt <= now && !flagged.contains(place)
    }
    self.flagged = flagged
    self.counting = counting

    var kept = Self.keptByRules(counting.map { dumps[$0].createdAt }, policy).map { counting[$0] }
    if let newest = counting.first, !kept.contains(newest) { kept.insert(newest, at: 0) }
    if let maximum = policy.maximumCount, maximum > 0 {
      while kept.count > 1, kept.count > maximum { kept.removeLast() }
    }
    if let maximum = policy.maximumBytes, maximum > 0 {
      while kept.count > 1, kept.map({ dumps[$0].bytes }).reduce(0, +) > maximum { kept.removeLast() }
    }

    let isUnruled =
      [policy.maximumCount, policy.maximumBytes, policy.within].allSatisfy { $0 == nil || $0 == 0 }
      && [policy.last, policy.hourly, policy.daily, policy.weekly, policy.monthly, policy.yearly].allSatisfy { $0 == 0 }
    keptCounting = isUnruled ? counting : kept
    removed = (0..<dumps.count).filter { place in
      if isUnruled { return false }
      if counting.contains(place) { return !kept.contains(place) }
      guard let newest = kept.first, let oldest = kept.last, dumps[place].createdAt <= now else { return false }
      let isAskedToGo = removesDamaged && place > newest
      return switch dumps[place].verdict {
      case .damaged: place > oldest || isAskedToGo
      case .unopened: isAskedToGo
      case .good, .unverified: false
      }
    }
  }

  /// - Parameter times: of the dumps that count, newest first.
  /// - Returns: places in `times`, ascending.
  private static func keptByRules(_ times: [Int], _ policy: RetentionPolicy) -> [Int] {
    let calendar = NaiveCalendar.shared
    var kept: Set<Int> = []
    var rules = 0
    func keepNewestOfEach(_ count: Int, _ bucket: (Int) -> Int) {
      guard count > 0 else { return }
      rules += 1
      let buckets = times.map(bucket)
      // The newest of a run of equal buckets; the rule has room for so many runs.
      kept.formUnion(buckets.indices.filter { $0 == 0 || buckets[$0] != buckets[$0 - 1] }.prefix(count))
    }
    keepNewestOfEach(policy.hourly) { ($0 - NaiveCalendar.firstSecond) / 3600 }
    keepNewestOfEach(policy.daily) { ($0 - NaiveCalendar.firstSecond) / 86_400 }
    keepNewestOfEach(policy.weekly) { calendar.day($0).isoYear * 100 + calendar.day($0).isoWeek }
    keepNewestOfEach(policy.monthly) { calendar.day($0).year * 100 + calendar.day($0).month }
    keepNewestOfEach(policy.yearly) { calendar.day($0).year }
    if policy.last > 0 {
      rules += 1
      kept.formUnion(times.indices.prefix(policy.last))
    }
    if let within = policy.within, within > 0 {
      rules += 1
      kept.formUnion(times.indices.filter { times[$0] + within > times[0] })
    }
    return rules == 0 ? Array(times.indices) : kept.sorted()
  }
}
