extension Schedule {
  /// Draws the schedule of a seed.
  ///
  /// - Parameters:
  ///   - theme: the theme, or `nil` to draw one.
  ///   - randomness: a generator made from the seed.
  package init(seed: UInt64, theme: Theme? = nil, randomness: some RandomNumberGenerator) {
    var draw = Draw(randomness: randomness)
    let drawn = Theme.random(using: &draw.randomness)
    let theme = theme ?? drawn
    self.seed = seed
    self.theme = theme
    volume = draw.volume(theme)
    tasks = draw.tasks(theme, volume)
    (actions, length) = draw.actions(theme, volume, tasks.count)
    actions.sort { $0.time < $1.time }
  }
}

/// Draws the parts of a schedule.
private struct Draw<Randomness: RandomNumberGenerator> {
  var randomness: Randomness

  mutating func one<Value>(of values: [Value], else value: Value) -> Value {
    values.randomElement(using: &randomness) ?? value
  }

  /// A time rounded to milliseconds, so that a schedule is easy to read.
  mutating func seconds(_ range: ClosedRange<Double>) -> Double {
    Double(Int.random(in: Int(range.lowerBound * 1000)...Int(range.upperBound * 1000), using: &randomness)) / 1000
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &randomness) < percent }

  mutating func volume(_ theme: Theme) -> Schedule.Volume {
    switch theme {
    case .longFull: .small
    case .longHang, .minuteHang: chance(80) ? .mountEach : .sharedMount
    case .slowStop: chance(50) ? .sharedMount : one(of: Schedule.Volume.allCases, else: .directory)
    default: one(of: Schedule.Volume.allCases, else: .directory)
    }
  }

  mutating func tasks(_ theme: Theme, _ volume: Schedule.Volume) -> [Schedule.Task] {
    let isAboutTwo = [.longFreeze, .longHang, .longFull, .minuteHang].contains(theme)
    let count = chance(70) ? 2 : chance(60) ? 3 : isAboutTwo ? 2 : 1
    let hasClocks = chance(35) || theme == .clockJumps
    let clocks = theme == .clockJumps ? [0, 86_400, -86_400] : [0, 3600, -3600, 40, -40, 86_400 * 400]
    return (0..<count).map { task in
      Schedule.Task(
        begins: task == 0 ? 0 : seconds(0...1.5),
        skews: (0..<3).map { _ in hasClocks ? one(of: clocks, else: 0) : 0 },
        isOnOtherKernel: chance(20),
        slowness: chance(isAboutTwo ? 60 : 20) ? Int.random(in: 1...30, using: &randomness) : 0,
        writers: Int.random(in: 1...3, using: &randomness),
        dumpsEvery: chance(theme == .lostFiles ? 20 : 50) ? seconds(0.02...1) : 0)
    }
  }

  mutating func target(_ count: Int) -> Schedule.Target {
    chance(55) ? .holder : chance(30) ? .other : .task(Int.random(in: 0..<count, using: &randomness))
  }

  // MARK: - Actions

  mutating func actions(_ theme: Theme, _ volume: Schedule.Volume, _ count: Int) -> ([Schedule.Action], Double) {
    switch theme {
    case .mix:
      let length = seconds(5...12)
      return (mix(volume, count, number: 4...9, until: length, longest: 3), length)
    case .longMix:
      let length = seconds(40...60)
      return (mix(volume, count, number: 12...24, until: length - 5, longest: 40), length)
    case .restarts, .clockJumps:
      let length = seconds(8...15)
      return (restarts(count, until: length), length)
    case .longFreeze: return longFreeze()
    case .longHang: return longHang(volume, length: seconds(16...24))
    case .minuteHang: return longHang(volume, length: 60)
    case .longFull: return longFull()
    case .slowStop: return slowStop(volume)
    case .lostFiles: return lostFiles(volume, count)
    }
  }

  private mutating func mix(
    _ volume: Schedule.Volume, _ count: Int, number: ClosedRange<Int>, until end: Double, longest: Double
  ) -> [Schedule.Action] {
    (0..<Int.random(in: number, using: &randomness)).map { _ in
      Schedule.Action(seconds(0.1...end), anyStep(volume, count, longest: longest))
    }
  }

  private mutating func anyStep(_ volume: Schedule.Volume, _ count: Int, longest: Double) -> Schedule.Step {
    let target = target(count)
    // Short disturbances are as likely as long ones.
    let long = chance(50) ? seconds(0.05...longest) : seconds(0.05...0.5)
    switch Int.random(in: 0..<100, using: &randomness) {
    case ..<14: return stop(target)
    case ..<26: return .kill(target, pause: seconds(0...2))
    case ..<44: return .freeze(target, seconds: long)
    case ..<58:
      switch volume {
      case .small: return .fill(seconds: long)
      case .sharedMount: return .hang(.all, seconds: long)
      case .mountEach: return .hang(chance(75) ? target : .all, seconds: long)
      case .directory: return .freeze(.all, seconds: long)
      }
    case ..<66: return .signal(target, one(of: [10, 1, 12], else: 10))
    case ..<74: return .dump(target)
    case ..<80: return .restore(target)
    case ..<85: return .drain(target, pause: seconds(0...2))
    default: return .slowCreate(target, count: Int.random(in: 1...4, using: &randomness), pause: seconds(0.1...8))
    }
  }

  /// Stops a task in order, by one signal or by two that arrive together, as from an init that signals the group and a
  /// parent.
  private mutating func stop(_ target: Schedule.Target) -> Schedule.Step {
    let signals: [Int32] = chance(65) ? [chance(70) ? 15 : 2] : chance(50) ? [2, 15] : [15, 15]
    return .stop(target, signals: signals, apart: Int.random(in: 0...50, using: &randomness), pause: seconds(0...2))
  }

  private mutating func restarts(_ count: Int, until end: Double) -> [Schedule.Action] {
    var time = seconds(0.5...1.5)
    var actions: [Schedule.Action] = []
    while time < end {
      let target = target(count)
      let step: Schedule.Step =
        chance(50) ? stop(target) : chance(70) ? .kill(target, pause: seconds(0...1)) : .signal(target, 10)
      actions.append(.init(time, step))
      if chance(20) { actions.append(.init(time, .slowCreate(target, count: 2, pause: seconds(0.1...3)))) }
      time += seconds(0.05...2.5)
    }
    return actions
  }

  private mutating func longFreeze() -> ([Schedule.Action], Double) {
    let freeze = seconds(1.5...3)
    let length = seconds(16...24)
    let thaw = freeze + length
    let isAmidDump = chance(50)
    var actions: [Schedule.Action] = [
      .init(freeze, isAmidDump ? amidDump(isHang: false, length) : .freeze(.holder, seconds: length))
    ]
    // The second half is sent soon after the thaw, or while the task sleeps.
    for _ in 0..<3 {
      let begin = freeze - seconds(0.05...1)
      actions.append(
        .init(begin, .slowCreate(.holder, count: 8, pause: min(29, thaw - begin + seconds(-0.5...1)))))
    }
    if !isAmidDump, chance(60) { actions.append(.init(freeze - seconds(0...0.02), .dump(.holder))) }
    if chance(40) { actions.append(.init(thaw + seconds(-1...0.5), stop(.task(0)))) }
    return (actions, thaw + 3)
  }

  private mutating func amidDump(isHang: Bool, _ length: Double) -> Schedule.Step {
    let stage = one(of: [.writing, .looking, .lookingAtClaim, .lookingAtClaim], else: Schedule.DumpStage.writing)
    return .stopAmidDump(
      .holder, stage,
      delay: Int.random(in: 0...(stage == .writing ? 20_000 : chance(50) ? 20_000 : 400), using: &randomness),
      isHang: isHang,
      seconds: length)
  }

  private mutating func longHang(
    _ volume: Schedule.Volume, length: Double
  ) -> ([Schedule.Action], Double) {
    let hang = seconds(1...3)
    var actions: [Schedule.Action] = []
    if volume == .mountEach, chance(60) {
      actions.append(.init(hang, amidDump(isHang: true, length)))
    } else {
      // The second one makes it likely that a dump is being written.
      actions = (0..<2).map { _ in .init(hang - seconds(0...0.02), .dump(.holder)) }
      actions.append(.init(hang, .hang(volume == .mountEach ? .holder : .all, seconds: length)))
    }
    if chance(30) { actions.append(.init(hang + length + seconds(0...1), stop(.task(0)))) }
    return (actions, hang + length + 3)
  }

  private mutating func longFull() -> ([Schedule.Action], Double) {
    let fill = seconds(1...3)
    let length = seconds(13...22)
    var actions: [Schedule.Action] = [.init(fill, .fill(seconds: length))]
    if chance(30) { actions.append(.init(fill + seconds(0...2), .dump(.holder))) }
    if chance(30) { actions.append(.init(fill + length + seconds(0...1), stop(.holder))) }
    return (actions, fill + length + 3)
  }

  /// Stops a task with requests in flight, for which the drain waits 15 s.
  private mutating func slowStop(_ volume: Schedule.Volume) -> ([Schedule.Action], Double) {
    let told = seconds(1...3)
    // Only one signal is sent, because a second one may shorten the wait.
    var actions: [Schedule.Action] = [.init(told, .stop(.holder, signals: [15], apart: 0, pause: seconds(0...2)))]
    // Some of these fall into the last dump, which takes a few milliseconds.
    for number in 0..<30 {
      let begin = told - seconds(0...1)
      let end = number < 20 ? seconds(14.99...15.06) : seconds(14...20)
      actions.append(.init(begin, .slowCreate(.holder, count: 1, pause: told - begin + end)))
    }
    // The last dump takes some time.
    if volume == .sharedMount || volume == .mountEach {
      actions.append(.init(told + seconds(14.9...15.1), .hang(.all, seconds: seconds(2...6))))
    }
    return (actions, told + 22)
  }

  private mutating func lostFiles(_ volume: Schedule.Volume, _ count: Int) -> ([Schedule.Action], Double) {
    let removed = seconds(1...3)
    let length = seconds(6...22)
    var actions: [Schedule.Action] = [.init(removed, .removeLease(claims: chance(70)))]
    // This task starts before the holder restores the files.
    if chance(60) {
      let before = seconds(0...0.5)
      actions.append(.init(removed - before, .kill(.other, pause: before + seconds(0...0.4))))
    }
    if chance(40) { actions.append(.init(removed + seconds(0...2), .kill(target(count), pause: seconds(0...1)))) }
    if chance(40) { actions.append(.init(removed - seconds(0.1...1), .freeze(.holder, seconds: seconds(0.5...20)))) }
    return (actions, removed + length)
  }
}
